#include "query/forms.h"

static void
enter_slot(Forms *forms, size_t form)
{
    size_t mask = forms->slots.length - 1;
    size_t at = forms->items.items[form].hash[0] & mask;
    while (forms->slots.items[at] != 0) {
        at = (at + 1) & mask;
    }
    forms->slots.items[at] = (uint32_t)form + 1;
}

/* Keep the table at most half full. 0 or -1. */
static int
grow_slots(Forms *forms, Memory *memory)
{
    if (2 * (forms->items.length + 1) <= forms->slots.length) {
        return 0;
    }
    size_t wanted = forms->slots.length != 0 ? 2 * forms->slots.length : 64;
    if (vec_reserve(memory, &forms->slots, wanted - forms->slots.length) < 0) {
        return -1;
    }
    memset(forms->slots.items, 0, wanted * sizeof(uint32_t));
    forms->slots.length = wanted;
    for (size_t f = 0; f < forms->items.length; f++) {
        enter_slot(forms, f);
    }
    return 0;
}

Form *
forms_known(const Forms *forms, const uint64_t hash[2])
{
    if (forms->items.length == 0) {
        return NULL;
    }
    size_t mask = forms->slots.length - 1;
    for (size_t at = hash[0] & mask; forms->slots.items[at] != 0; at = (at + 1) & mask) {
        Form *form = &forms->items.items[forms->slots.items[at] - 1];
        if (form->hash[0] == hash[0] && form->hash[1] == hash[1]) {
            return form;
        }
    }
    return NULL;
}

Form *
forms_find(Forms *forms, Memory *memory, const uint64_t hash[2])
{
    if (grow_slots(forms, memory) < 0) {
        return NULL;
    }
    Form *known = forms_known(forms, hash);
    if (known != NULL) {
        return known;
    }
    Form form = {.hash = {hash[0], hash[1]}};
    if (vec_push(memory, &forms->items, form) < 0) {
        return NULL;
    }
    enter_slot(forms, forms->items.length - 1);
    return &forms->items.items[forms->items.length - 1];
}

void
forms_fini(Forms *forms, Memory *memory)
{
    vec_fini(memory, &forms->slots);
    vec_fini(memory, &forms->items);
}

int
forms_compare(const Form *a, const Form *b)
{
    return a->objects != b->objects               ? (a->objects > b->objects ? 1 : -1)
           : a->dragged != b->dragged             ? (a->dragged > b->dragged ? 1 : -1)
           : a->bytes != b->bytes                 ? (a->bytes > b->bytes ? 1 : -1)
           : a->dragged_bytes != b->dragged_bytes ? (a->dragged_bytes > b->dragged_bytes ? 1 : -1)
           : a->digest != b->digest               ? (a->digest < b->digest ? 1 : -1)
           : a->detail != b->detail               ? (a->detail < b->detail ? 1 : -1)
                                                  : 0;
}
