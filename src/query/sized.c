#include "query/sized.h"

#include "base/typename.h"

void
sized_begin(SizedObjects *sized, Memory *memory, PyObject *table)
{
    *sized = (SizedObjects){.memory = memory, .table = table};
}

void
sized_fini(SizedObjects *sized)
{
    if (sized->memory != NULL) {
        vec_fini(sized->memory, &sized->items);
    }
}

int
sized_note(SizedObjects *sized, PyObject *op, LeafAccount account)
{
    Sized item = {op, account};
    if (sized->table == NULL) {
        return 0;
    }
    if (Py_TYPE(op) != sized->last) {
        sized->last = Py_TYPE(op);
        sized->last_is_sized = typename_is_registered(sized->table, Py_TYPE(op));
    }
    return sized->last_is_sized ? vec_push(sized->memory, &sized->items, item) : 0;
}

static int
note_leaf(void *arg, PyObject *op, LeafAccount account)
{
    return sized_note(arg, op, account);
}

void
sized_listen(SizedObjects *sized, Leaves *leaves)
{
    if (sized->table != NULL) {
        leaves->note = note_leaf;
        leaves->note_arg = sized;
    }
}
