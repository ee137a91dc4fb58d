/* SPDX-License-Identifier: Apache-2.0 */
/* spec/: what a document may hold – each check, with its place and words – and annotations. */
#include "base/mem.h"
#include "spec/annot.h"
#include "spec/check.h"
#include "spec/spec.h"
#include "tap.h"
#include "spec-errors.h"

/* A config of the least size with members added to it, to its process and to its linux section. */
static void config(const char *top, const char *process, const char *linux_part, const char *want)
{
    cleanup_free char *text = vl_asprintf(
        "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"}%s%s,\"process\":{\"cwd\":\"/\"%s%s},"
        "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]%s%s}}",
        top[0] ? "," : "", top, process[0] ? "," : "", process, linux_part[0] ? "," : "",
        linux_part);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    cleanup(spec) struct vl_spec *spec = NULL;
    struct vl_error *err = NULL;
    int status = vl_spec_load_buffer("/b", "config.json", text, strlen(text), &spec, &err);
    ok(check(status, &err, want), "%s%s%s: %s", top, process, linux_part,
       want[0] ? want : "is fine");
}

static void top(const char *members, const char *want)
{
    config(members, "", "", want);
}

static void process(const char *members, const char *want)
{
    config("", members, "", want);
}

static void linux_(const char *members, const char *want)
{
    config("", "", members, want);
}

static void whole(const char *text, const char *want)
{
    cleanup(spec) struct vl_spec *spec = NULL;
    struct vl_error *err = NULL;
    int status = vl_spec_load_buffer("/b", "config.json", text, strlen(text), &spec, &err);
    ok(check(status, &err, want), "%s", want);
}

static void test_version(void)
{
    static const struct {
        const char *version;
        bool good;
    } rows[] = {
        {"1.0.0", true},   {"1.0.2-dev", true}, {"1.3.0", true},
        {"1.99.0", true},  {"1.0.0-rc1", true}, {"1.0.0-a.b-c.1+x.01", true},
        {"1.0.0+7", true}, {"2.0.0", false},    {"0.9.0", false},
        {"1.0", false},    {"1", false},        {"", false},
        {"v1.0.0", false}, {"1.0.0.0", false},  {"01.0.0", false},
        {"1.00.0", false}, {"1.0.0-", false},   {"1.0.0-01", false},
        {"1.0.0+", false}, {"1.0.0 ", false},   {"1.0.0-a..b", false},
        {"1..0", false},   {"1.0.x", false},    {"10.0.0", false},
    };
    for (size_t i = 0; i < VL_ARRAY_LEN(rows); i++) {
        cleanup_free char *text = vl_asprintf(
            "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"},\"linux\":{}}", rows[i].version);
        cleanup(spec) struct vl_spec *spec = NULL;
        cleanup(error) struct vl_error *err = NULL;
        int status = vl_spec_load_buffer("/b", "c", text, strlen(text), &spec, &err);
        ok((status == 0) == rows[i].good, "ociVersion `%s` is %s", rows[i].version,
           rows[i].good ? "taken" : "refused");
    }
    whole("{\"ociVersion\":\"2.1.0\",\"root\":{\"path\":\"\"}}",
          "ociVersion: version 2.1.0 is not supported, only 1.x is; "
          "linux: the linux section is missing; root.path: the path is empty");
    whole("{\"ociVersion\":\"1\",\"linux\":{}}", "ociVersion: `1` is not a semantic version such "
                                                 "as 1.3.0; root: the root file system is missing");
    whole("{\"ociVersion\":\"1.0.0\",\"mounts\":[1]}",
          "mounts[0]: mounts[0]: expected an object, found a number (line 1, column 33)");
}

static void test_top(void)
{
    top("'mounts':[{'destination':'','type':'tmpfs'}]",
        "mounts[0].destination: the destination is empty");
    top("'mounts':[{'destination':'a','type':'tmpfs'}]", "");
    top("'mounts':[{'destination':'/a'}]", "mounts[0].type: `/a` has no type and is no bind mount");
    top("'mounts':[{'destination':'/a','options':['ro','rbind'],'source':'/s'}]", "");
    top("'mounts':[{'destination':'/a','type':'bind'}]",
        "mounts[0].source: the bind mount at `/a` has no source");
    top("'mounts':[{'destination':'/"
        "a','type':'tmpfs','uidMappings':[{'containerID':0,'hostID':0,'size':0}]}]",
        "mounts[0]: uidMappings and gidMappings must come together; "
        "mounts[0].uidMappings[0]: the range is empty");
    top("'hooks':{'prestart':[{'path':'/h'},{'path':'h','timeout':0}],'poststop':[{'path':'/h',"
        "'timeout':-1}],'startContainer':[{'path':'/a\\nb','timeout':9}]}",
        "hooks.prestart[1].path: hook `h` is not an absolute path; "
        "hooks.prestart[1].timeout: timeout 0 is not above 0 seconds; "
        "hooks.startContainer[0].path: a line break inside; "
        "hooks.poststop[0].timeout: timeout -1 is not above 0 seconds");
    top("'hostname':'h','domainname':'d'",
        "hostname: setting the hostname needs a UTS namespace; "
        "domainname: setting the domainname needs a UTS namespace");
    top("'hostname':'','domainname':''", "");
    config("'hostname':'0123456789012345678901234567890123456789012345678901234567890123'", "",
           "'namespaces':[{'type':'uts'}]", "");
    config("'hostname':'01234567890123456789012345678901234567890123456789012345678901234'", "",
           "'namespaces':[{'type':'uts','path':'/p'}]",
           "hostname: the hostname is longer than 64 characters");
    config("'domainname':'a\\nb'", "", "'namespaces':[{'type':'uts'}]",
           "domainname: a line break inside");
}

static void test_process(void)
{
    process("'cwd':'tmp'", "process.cwd: working directory `tmp` is not an absolute path");
    process("'args':[]", "process.args: there must be at least one entry");
    process("'args':['']", "");
    process(
        "'user':{'uid':4294967295,'gid':4294967295,'additionalGids':[0,4294967295],'umask':512}",
        "process.user.uid: 4294967295 is no id; process.user.gid: 4294967295 is no id; "
        "process.user.additionalGids[1]: 4294967295 is no id; "
        "process.user.umask: umask 01000 has more than permission bits");
    process("'user':{'umask':511}", "");
    process("'consoleSize':{'height':65536,'width':1}",
            "process.consoleSize: a terminal has at most 65535 rows and columns");
    process(
        "'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1},{'type':'NOFILE','soft':0,'hard':0},"
        "{'type':'RLIMIT_AS','soft':1,'hard':1},{'type':'RLIMIT_CPU','soft':0,'hard':0}]",
        "process.rlimits[0].soft: RLIMIT_CPU: the soft limit is above the hard limit; "
        "process.rlimits[1].type: unknown limit `NOFILE`; "
        "process.rlimits[3].type: `RLIMIT_CPU` is limited twice");
    process("'oomScoreAdj':1001", "process.oomScoreAdj: 1001 is not in -1000 to 1000");
    process("'oomScoreAdj':-1000", "");
    process(
        "'apparmorProfile':'a\\nb','selinuxLabel':'\\n'",
        "process.apparmorProfile: a line break inside; process.selinuxLabel: a line break inside");
    process("'capabilities':{'bounding':['CAP_NOT_YET']}", "");
    process("'scheduler':{'policy':'FIFO'}", "process.scheduler.policy: unknown policy `FIFO`");
    process("'scheduler':{'policy':'SCHED_OTHER','nice':20,'priority':1,'flags':['X'],'runtime':1}",
            "process.scheduler.nice: nice value 20 is not in -20 to 19; "
            "process.scheduler.priority: a priority is for SCHED_FIFO and SCHED_RR only; "
            "process.scheduler.flags[0]: unknown flag `X`; "
            "process.scheduler: runtime, deadline and period are for SCHED_DEADLINE only");
    process("'scheduler':{'policy':'SCHED_RR'}",
            "process.scheduler.priority: SCHED_RR needs a priority of 1 to 99");
    process(
        "'scheduler':{'policy':'SCHED_FIFO','priority':99,'flags':['SCHED_FLAG_RESET_ON_FORK']}",
        "");
    process("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1000,'deadline':999,'period':1}",
            "process.scheduler.runtime: SCHED_DEADLINE needs a runtime of at least 1024 ns; "
            "process.scheduler.deadline: the deadline is shorter than the runtime; "
            "process.scheduler.period: the period is shorter than the deadline");
    process("'scheduler':{'policy':'SCHED_DEADLINE','runtime':10000,'deadline':20000}", "");
    process("'ioPriority':{'class':'BE','priority':8}",
            "process.ioPriority.class: unknown class `BE`; process.ioPriority.priority: priority 8 "
            "is not in 0 to 7");
    process("'ioPriority':{'class':'IOPRIO_CLASS_IDLE'}", "");
    process("'execCPUAffinity':{'initial':'0-3, 7','final':''}", "");
    process("'execCPUAffinity':{'initial':'3-1','final':'x'}",
            "process.execCPUAffinity.initial: `3-1` is no list of processors; "
            "process.execCPUAffinity.final: `x` is no list of processors");
    process("'execCPUAffinity':{'initial':'1,','final':'8192'}",
            "process.execCPUAffinity.initial: `1,` is no list of processors; "
            "process.execCPUAffinity.final: `8192` is no list of processors");
}

static void test_linux(void)
{
    linux_("'namespaces':[{'type':'pid'},{'type':'net'},{'type':'pid'},{'type':'ipc','path':'x'}]",
           "linux.namespaces[1].type: unknown namespace type `net`; "
           "linux.namespaces[2].type: the pid namespace is listed twice; "
           "linux.namespaces[3].path: namespace `x` is not an absolute path");
    linux_(
        "'namespaces':[{'type':'pid','path':''},{'type':'network'},{'type':'ipc'},{'type':'uts'},"
        "{'type':'mount'},{'type':'user'},{'type':'cgroup'},{'type':'time'}]",
        "");
    linux_("'uidMappings':[{'containerID':0,'hostID':0,'size':1}]",
           "linux.gidMappings: uidMappings and gidMappings must come together");
    linux_(
        "'gidMappings':[{'containerID':0,'hostID':5,'size':10},{'containerID':9,'hostID':100,'size'"
        ":1},"
        "{'containerID':20,'hostID':14,'size':1},{'containerID':4294967290,'hostID':30,'size':6}],"
        "'uidMappings':[{'containerID':0,'hostID':4294967294,'size':1},{'containerID':1,'hostID':1,"
        "'size':0}]",
        "linux.uidMappings[1]: the range is empty; linux.gidMappings[1]: the range overlaps with "
        "range 0; "
        "linux.gidMappings[2]: the range overlaps with range 0; "
        "linux.gidMappings[3]: the range goes beyond 4294967294");
    linux_("'devices':[{'type':'x','path':'d'},{'type':'c','path':'d','major':1,'minor':3},{'type':"
           "'b',"
           "'path':'/d','major':1},{'type':'u','path':'/"
           "e','major':4096,'minor':0},{'type':'p','path':'/f'}]",
           "linux.devices[0].type: unknown device type `x`; "
           "linux.devices[1].path: device `d` is not an absolute path; "
           "linux.devices[2]: `/d` needs major and minor; linux.devices[3]: 4096:0 is no device "
           "number");
    linux_("'netDevices':{'eth0':{}}",
           "linux.netDevices: moving network devices needs a network namespace");
    linux_("'namespaces':[{'type':'network'}],'netDevices':{'a/b':{'name':'0123456789012345'},'e':{"
           "'name':'eth%d'},'..':{'name':''}}",
           "linux.netDevices[\"..\"]: `..` is no interface name; "
           "linux.netDevices[\"a/b\"]: `a/b` is no interface name; "
           "linux.netDevices[\"a/b\"]: `0123456789012345` is no interface name");
    linux_("'sysctl':{'net.ipv4.ip_forward':'1','net/ipv4/conf/eth0.1/x':'1'}", "");
    linux_("'sysctl':{'':'','a..b':'','/a':'','a b':'','ok':'1\\n2'}",
           "linux.sysctl[\"\"]: `` is no sysctl key; linux.sysctl[\"/a\"]: `/a` is no sysctl key; "
           "linux.sysctl[\"a b\"]: `a b` is no sysctl key; linux.sysctl[\"a..b\"]: `a..b` is no "
           "sysctl key; "
           "linux.sysctl[\"ok\"]: a line break inside");
    linux_("'maskedPaths':['/a','b'],'readonlyPaths':['','/c']",
           "linux.maskedPaths[1]: path `b` is not an absolute path; "
           "linux.readonlyPaths[0]: path `` is not an absolute path");
    linux_("'rootfsPropagation':'rslave'", "");
    linux_("'rootfsPropagation':'rr'", "linux.rootfsPropagation: unknown propagation `rr`");
    linux_("'namespaces':[{'type':'network'}],'netDevices':{'a':{'name':'x%d'},'b':{'name':''},'c%d':{},'d':{'name':'%s'},"
           "'e':{'name':'%d%d'},'f':{'name':'x%'}}",
           "linux.netDevices[\"c%d\"]: `c%d` is no interface name; "
           "linux.netDevices[\"d\"]: `%s` is no interface name; "
           "linux.netDevices[\"e\"]: `%d%d` is no interface name; "
           "linux.netDevices[\"f\"]: `x%` is no interface name");
    linux_("'intelRdt':{'closID':'a/b','schemata':['L3:0=f','a\\nb']}",
           "linux.intelRdt.closID: `a/b` is no name of a resctrl group; "
           "linux.intelRdt.schemata[1]: a line break inside");
    linux_("'intelRdt':{'closID':'/'}", "");
    linux_("'intelRdt':{'closID':'info','memBwSchema':'MB:0=1\\nL3:0=1'}",
           "linux.intelRdt.closID: `info` is no name of a resctrl group; "
           "linux.intelRdt.memBwSchema: a line break inside");
    linux_("'intelRdt':{'closID':'mon_groups'}", "linux.intelRdt.closID: `mon_groups` is no name of a resctrl group");
    linux_("'intelRdt':{'closID':'infos'}", "");
}

static void test_linux_process(void)
{
    linux_("'memoryPolicy':{'mode':'BIND'}", "linux.memoryPolicy.mode: unknown mode `BIND`");
    linux_("'memoryPolicy':{'mode':'MPOL_BIND','flags':['MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_"
           "NODES','x']}",
           "linux.memoryPolicy.nodes: MPOL_BIND needs nodes; linux.memoryPolicy.flags[2]: unknown "
           "flag `x`; "
           "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each "
           "other");
    linux_("'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}",
           "linux.memoryPolicy.nodes: MPOL_LOCAL takes no nodes");
    linux_("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0-1x'}",
           "linux.memoryPolicy.nodes: `0-1x` is no list of nodes");
    linux_("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0-1,3'}", "");
    linux_("'personality':{'domain':'LINUX64','flags':['x']}",
           "linux.personality.domain: unknown domain `LINUX64`; linux.personality.flags[0]: "
           "unknown flag `x`");
    linux_("'timeOffsets':{'boottime':{'secs':1}}",
           "linux.timeOffsets: clock offsets need a time namespace");
    linux_(
        "'namespaces':[{'type':'time','path':'/t'}],'timeOffsets':{'real':{'nanosecs':1000000000}}",
        "linux.timeOffsets: a time namespace that is joined keeps its offsets; "
        "linux.timeOffsets[\"real\"]: unknown clock `real`; "
        "linux.timeOffsets[\"real\"]: 1000000000 nanoseconds are more than a second");
    linux_("'namespaces':[{'type':'time'}],'timeOffsets':{'monotonic':{'secs':-9,'nanosecs':"
           "999999999}}",
           "");
}

static void test_seccomp(void)
{
    linux_("'seccomp':{'defaultAction':'SCMP_ACT_OK','defaultErrnoRet':1,'listenerMetadata':'m','"
           "syscalls':["
           "{'names':[],'action':'ALLOW'},{'names':['x'],'action':'SCMP_ACT_ALLOW','errnoRet':1,'"
           "args':["
           "{'index':5,'value':0,'op':'SCMP_CMP_EQ'},{'index':6,'value':0,'op':'EQ'}]}]}",
           "linux.seccomp.defaultAction: unknown action `SCMP_ACT_OK`; "
           "linux.seccomp.listenerMetadata: metadata without listenerPath; "
           "linux.seccomp.syscalls[0].names: there must be at least one name; "
           "linux.seccomp.syscalls[0].action: unknown action `ALLOW`; "
           "linux.seccomp.syscalls[1].errnoRet: SCMP_ACT_ALLOW returns no errno; "
           "linux.seccomp.syscalls[1].args[1].op: unknown operator `EQ`; "
           "linux.seccomp.syscalls[1].args[1].index: a system call has no argument 6");
    linux_("'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':1,'listenerPath':'s'}",
           "linux.seccomp.listenerPath: listener `s` is not an absolute path");
}

static void test_resources(void)
{
    linux_(
        "'resources':{'devices':[{'allow':true,'type':'p'},{'allow':true,'type':'a','access':'rx'},"
        "{'allow':false,'type':'','major':-2,'minor':-1}]}",
        "linux.resources.devices[0].type: unknown device type `p`; "
        "linux.resources.devices[1].access: `rx` has other letters than r, w and m; "
        "linux.resources.devices[2].major: -2 is no device number");
    linux_("'resources':{'memory':{'limit':-2},'unified':{'/':''}}", "");
}

/* The manual page and `features` are made of the table. */
static void test_annotation_table(void)
{
    cleanup(strv) struct vl_strv unsafe = {NULL, 0};
    bool documented = true, ordered = true, details = true;
    for (const struct vl_annot *a = vl_annots; a->name != NULL; a++) {
        size_t n = a->help != NULL ? strlen(a->help) : 0;
        bool detail = a->type == VL_ANNOT_WORD || a->type == VL_ANNOT_MISSING;
        documented &= n > 20 && a->help[n - 1] == '.';
        details &= detail == (a->detail != NULL);
        for (const struct vl_annot *b = vl_annots; b < a; b++) {
            size_t len = strlen(b->name);
            ordered &= !(b->name[len - 1] == '.' ? vl_starts_with(a->name, b->name) : vl_streq(a->name, b->name));
        }
    }
    ok(documented, "every annotation has its sentence");
    ok(details, "those and only those that need a detail have one");
    ok(ordered, "no row hides a later one");
    vl_annots_unsafe(&unsafe);
    ok(unsafe.n == 4 && vl_strv_has(&unsafe, "org.criu.config") && vl_strv_has(&unsafe, "org.systemd.property.") &&
           vl_strv_has(&unsafe, "run.oci.") && vl_strv_has(&unsafe, "run.veloci."),
       "what is unsafe");
}

static void test_annotations(void)
{
    top("'annotations':{'x':'','org.example':'y','org.systemd.property.TimeoutStopUSec':'uint64 "
        "1'}",
        "");
    top("'annotations':{'run.oci.handler':'krun'}",
        "annotations[\"run.oci.handler\"]: annotation `run.oci.handler`: this version has no "
        "handlers beside execve");
    top("'annotations':{'run.oci.seccomp.plugins':'p','run.veloci.nothing':'1'}",
        "annotations[\"run.oci.seccomp.plugins\"]: annotation `run.oci.seccomp.plugins`: this "
        "version has no "
        "plugins for seccomp notifications; annotations[\"run.veloci.nothing\"]: annotation "
        "`run.veloci.nothing`: this version has no such feature");
    top("'annotations':{'run.oci.pidfd_receiver':'/s','run.oci.delegate-cgroup':'a/b'}", "");
    top("'annotations':{'run.oci.pidfd_receiver':'s','run.oci.delegate-cgroup':'a/../b'}",
        "annotations[\"run.oci.delegate-cgroup\"]: `a/../b` is no relative path without `..`; "
        "annotations[\"run.oci.pidfd_receiver\"]: the value `s` is not an absolute path");
    static const char *const bad[] = {"", "/a", "a/", "a//b", ".", "..", "./a", "a/.."};
    for (size_t i = 0; i < VL_ARRAY_LEN(bad); i++) {
        cleanup_free char *doc = vl_asprintf("'annotations':{'run.oci.delegate-cgroup':'%s'}", bad[i]);
        cleanup_free char *want = vl_asprintf(
            "annotations[\"run.oci.delegate-cgroup\"]: `%s` is no relative path without `..`", bad[i]);
        top(doc, want);
    }
    top("'annotations':{'run.oci.timens_offset':'monotonic -1 0\\nboottime 86400 999999999','krun.cpus':'many',"
        "'org.criu.config':'','run.oci.nothing':'x'}",
        "");
    top("'annotations':{'run.oci.timens_offset':'realtime 1 0'}",
        "annotations[\"run.oci.timens_offset\"]: `realtime 1 0` is not of the form CLOCK SECONDS NANOSECONDS");
    top("'annotations':{'run.oci.timens_offset':'boottime 1 0 '}",
        "annotations[\"run.oci.timens_offset\"]: `boottime 1 0 ` is not of the form CLOCK SECONDS NANOSECONDS");
    top("'annotations':{'run.oci.timens_offset':'boottime 1'}",
        "annotations[\"run.oci.timens_offset\"]: `boottime 1` is not of the form CLOCK SECONDS NANOSECONDS");
    top("'annotations':{'run.oci.mount_context_type':'context','run.oci.hooks.stdout':'/a',"
        "'run.oci.systemd.subgroup':'','run.oci.keep_original_groups':'TRUE'}",
        "");
    top("'annotations':{'run.oci.mount_context_type':'text','run.oci.hooks.stdout':'a',"
        "'run.oci.systemd.subgroup':'a/"
        "b','run.oci.keep_original_groups':'maybe'}",
        "annotations[\"run.oci.hooks.stdout\"]: the value `a` is not an absolute path; "
        "annotations[\"run.oci.keep_original_groups\"]: `maybe` is neither true nor false; "
        "annotations[\"run.oci.mount_context_type\"]: `text` is none of: context fscontext "
        "defcontext rootcontext; "
        "annotations[\"run.oci.systemd.subgroup\"]: `a/b` is no single name");

    static const char text[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{},"
                               "\"annotations\":{\"b\":\"2\","
                               "\"run.oci.keep_original_groups\":\"1\",\"run.oci.seccomp_fail_"
                               "unknown_syscall\":\"0\",\"a\":\"1\"}}";
    cleanup(spec) struct vl_spec *spec = NULL;
    struct vl_error *err = NULL;
    is_int(vl_spec_load_buffer("/b", "c", text, strlen(text), &spec, &err), 0,
           "a document with annotations");
    is_str(vl_annot(spec, "b"), "2", "is looked up by key");
    ok(vl_annot(spec, "c") == NULL, "NULL when absent");
    ok(vl_annot_bool(spec, "run.oci.keep_original_groups", false), "1 is true");
    ok(!vl_annot_bool(spec, "run.oci.seccomp_fail_unknown_syscall", true), "0 is false");
    ok(vl_annot_bool(spec, "absent", true) && !vl_annot_bool(spec, "absent", false),
       "absent is the default");
}

int main(void)
{
    test_version();
    test_top();
    test_process();
    test_linux();
    test_linux_process();
    test_seccomp();
    test_resources();
    test_annotations();
    test_annotation_table();
    return done_testing();
}
