/* SPDX-License-Identifier: Apache-2.0 */
/* Cache and memory bandwidth allocation: RDT. config-linux.md#intelrdt. */
#include "plan/rdt.h"

#include "base/mem.h"
#include "plan/planners.h"

static void add_line(struct vl_str *text, const char *line, size_t n)
{
    while (n > 0 && line[0] == ' ') {
        line++;
        n--;
    }
    if (n == 0)
        return;
    vl_str_addn(text, line, n);
    vl_str_addn(text, "\n", 1);
}

char *vl_rdt_schemata(const char *l3, const char *mem_bw)
{
    struct vl_str text = VL_STR_INIT;
    for (const char *p = l3 != NULL ? l3 : ""; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        if (!vl_starts_with(p + strspn(p, " "), "MB:"))
            add_line(&text, p, n);
        p += n + (p[n] == '\n');
    }
    if (mem_bw != NULL)
        add_line(&text, mem_bw, strlen(mem_bw));
    return text.s;
}

int vl_plan_rdt(struct vl_planner *p)
{
    const struct oci_intel_rdt *r = p->spec->config->linux->intel_rdt;
    cleanup(str) struct vl_str lines = VL_STR_INIT;
    if (r == NULL)
        return 0;
    bool named = r->clos_id != NULL && r->clos_id[0] != '\0';
    cleanup_free char *schemata = vl_rdt_schemata(r->l3_cache_schema, r->mem_bw_schema);
    for (size_t i = 0; i < r->n_schemata; i++)
        add_line(&lines, r->schemata[i], strlen(r->schemata[i]));
    struct vl_op *op = vl_plan_op(p->plan, VL_OP_RDT, "linux.intelRdt");
    if (!named)
        op->n[0] = VL_RDT_OWN | VL_RDT_MAKE;
    else if (schemata != NULL || lines.len > 0)
        op->n[0] = VL_RDT_MAKE;
    vl_op_str(op, 0, named ? r->clos_id : p->opts->id);
    vl_op_str(op, 1, schemata);
    vl_op_str(op, 2, lines.s);
    if (r->enable_monitoring)
        vl_op_str(op, 3, p->opts->id);
    return 0;
}
