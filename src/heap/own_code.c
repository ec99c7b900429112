#include "heap/own_code.h"

static Memory
own_memory(void)
{
    Memory memory;
    memory_init(&memory);
    return memory;
}

static bool
is_in_folder(const OwnCode *own, PyObject *code)
{
    return own->folder != NULL && PyUnicode_Tailmatch(((PyCodeObject *)code)->co_filename,
                                                      own->folder, 0, PY_SSIZE_T_MAX, -1) == 1;
}

bool
own_code_is(const OwnCode *own, PyObject *op)
{
    static const char ours[] = "gcscope.";
    if (PyCode_Check(op)) {
        return is_in_folder(own, op);
    }
    if (PyFunction_Check(op)) {
        return is_in_folder(own, PyFunction_GET_CODE(op));
    }
    return Py_IS_TYPE(op, &PyMemberDescr_Type) &&
           strncmp(PyDescr_TYPE(op)->tp_name, ours, strlen(ours)) == 0;
}

bool
own_code_keep(OwnCode *own, PyObject *op)
{
    Memory memory = own_memory();
    return vec_push(&memory, &own->kept, op) == 0;
}

int
own_code_traverse(const OwnCode *own, visitproc visit, void *arg)
{
    for (size_t i = 0; i < own->kept.length; i++) {
        Py_VISIT(own->kept.items[i]);
    }
    return 0;
}

void
own_code_fini(OwnCode *own)
{
    Memory memory = own_memory();
    Py_CLEAR(own->folder);
    while (own->kept.length != 0) {
        Py_DECREF(own->kept.items[--own->kept.length]);
    }
    vec_fini(&memory, &own->kept);
}
