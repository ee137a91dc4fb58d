#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C structs and reader tables from the schema files in schema/ (see schema/README.md).

    generate.py --header ocispec/types.h --tables ocispec/tables.c schema/*.json

Python 3.7 or newer, standard library only. The output depends on the schema files alone, so a
rebuild gives the same bytes.
"""
import argparse
import collections
import json
import os
import re
import sys

SCALARS = {
    "string": ("char *", "OCI_STRING"),
    "bool": ("bool", "OCI_BOOL"),
    "int32": ("int32_t", "OCI_INT32"),
    "int64": ("int64_t", "OCI_INT64"),
    "uint16": ("uint16_t", "OCI_UINT16"),
    "uint32": ("uint32_t", "OCI_UINT32"),
    "uint64": ("uint64_t", "OCI_UINT64"),
}
MEMBER = re.compile(r"^([a-z][a-z0-9_]*)(\[\]|\{\})?(!|=)?$")
LONGEST_NAME = 38  # OCI_LONGEST_NAME of tables.h
MAX_MEMBERS = 64  # the reader remembers the members seen in one 64-bit word


def fail(text):
    sys.exit("generate.py: " + text)


def snake(name):
    """ociVersion -> oci_version, hostID -> host_id, disableOOMKiller -> disable_oom_killer"""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Member:
    def __init__(self, owner, name, spec):
        match = MEMBER.match(spec)
        if not match:
            fail("%s.%s: cannot read `%s`" % (owner, name, spec))
        self.name = name
        self.c_name = snake(name)
        self.base, suffix, mark = match.groups()
        self.is_array = suffix == "[]"
        self.is_map = suffix == "{}"
        self.required = mark == "!"
        self.plain = mark == "="
        self.scalar = self.base in SCALARS
        if self.plain and (suffix or not self.scalar or self.base == "string"):
            fail("%s.%s: = is for numbers and bools" % (owner, name))
        if self.is_map and self.scalar and self.base != "string":
            fail("%s.%s: maps hold strings or objects" % (owner, name))

    @property
    def counted(self):
        return self.is_array or self.is_map

    @property
    def has_flag(self):
        """Pointers tell presence themselves; a required or plain scalar needs no flag."""
        if self.counted:
            return True
        return self.scalar and self.base != "string" and not self.required and not self.plain

    def declarations(self):
        out = []
        if self.has_flag:
            out.append("bool has_%s;" % self.c_name)
        if self.is_map:
            entry = "oci_kv" if self.scalar else "oci_%s_entry" % self.base
            out.append("struct %s *%s; /* sorted by key */" % (entry, self.c_name))
        elif not self.scalar:
            out.append("struct oci_%s *%s;" % (self.base, self.c_name))
        else:
            c_type = SCALARS[self.base][0]
            space = "" if c_type.endswith("*") else " "
            out.append("%s%s%s%s;" % (c_type, space, "*" if self.is_array else "", self.c_name))
        if self.required:
            out[-1] += " /* required */"
        if self.counted:
            out.append("size_t n_%s;" % self.c_name)
        return out

    def row(self, owner, name_at):
        at = "offsetof(struct oci_%s, %%s%s)" % (owner, self.c_name)
        flags = [flag for flag, on in (("OCI_ARRAY", self.is_array), ("OCI_MAP", self.is_map),
                                       ("OCI_REQUIRED", self.required)) if on]
        kind = SCALARS[self.base][1] if self.scalar else "OCI_OBJECT"
        return "{%d, %d, %s, %s, %s, %s, %s, %s}," % (
            name_at, len(self.name), kind, " | ".join(flags) or "0",
            "0" if self.scalar else "OCI_TYPE_" + self.base.upper(),
            at % "", at % "n_" if self.counted else "OCI_NOWHERE",
            at % "has_" if self.has_flag else "OCI_NOWHERE")


Type = collections.namedtuple("Type", "name members source")


def unique(pairs):
    found = collections.OrderedDict()
    for key, value in pairs:
        if key in found:
            fail("`%s` is there twice" % key)
        found[key] = value
    return found


def load(paths):
    types = collections.OrderedDict()
    documents = []
    for path in sorted(paths, key=os.path.basename):
        with open(path, encoding="utf-8") as stream:
            schema = json.load(stream, object_pairs_hook=unique)
        for name, members in schema["types"].items():
            if name in types:
                fail("%s: type `%s` is there already" % (path, name))
            if len(members) > MAX_MEMBERS:
                fail("%s: type `%s` has more than %d members" % (path, name, MAX_MEMBERS))
            types[name] = Type(name, [Member(name, m, s) for m, s in members.items()],
                               schema["source"])
        documents += schema.get("documents", [])
    for kind in types.values():
        folded = [m.name.lower() for m in kind.members]
        if len(set(folded)) != len(folded):
            fail("type `%s`: members differ in case only" % kind.name)
        for member in kind.members:
            if not member.scalar and member.base not in types:
                fail("%s.%s: unknown type `%s`" % (kind.name, member.name, member.base))
    for name in documents:
        if name not in types:
            fail("document `%s` has no type" % name)
    return types, documents


def in_order(types):
    """Types by name, except that what a map holds by value is defined before it."""
    done = collections.OrderedDict()

    def visit(name, above):
        if name in above:
            fail("type `%s` contains itself" % name)
        if name in done:
            return
        for member in types[name].members:
            if not member.scalar:
                visit(member.base, above + [name])
        done[name] = types[name]

    for name in types:
        visit(name, [])
    return list(done.values())


HEADER = """\
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI documents as C structs. Generated by libocispec/generate.py from libocispec/schema; do not edit.
 *
 * An absent string or object is NULL. Numbers and bools that may be absent have a has_ flag beside
 * them; without it absent reads as 0. Arrays and maps have a count and a has_ flag (true for an empty
 * one that is there); arrays of strings end with a NULL that is not counted. Maps are sorted by key
 * (byte order) and hold each key once. Everything belongs to the document's arena.
 */
#ifndef OCISPEC_TYPES_H
#define OCISPEC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#undef linux /* GNU C predefines it as 1; here it is a member */

struct oci_kv {
    char *key;
    char *value;
};
"""

TABLES = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Reader and writer tables. Generated by libocispec/generate.py from libocispec/schema; do not edit. */
#include "tables.h"
"""


def used_in_maps(types):
    return {m.base for t in types for m in t.members if m.is_map and not m.scalar}


def write_header(types, documents):
    maps = used_in_maps(types)
    out = [HEADER]
    for kind in types:
        out.append("/* %s */" % kind.source)
        out.append("struct oci_%s {" % kind.name)
        for member in kind.members:
            out += ["    " + line for line in member.declarations()]
        out.append("};")
        if kind.name in maps:
            out.append("struct oci_%s_entry {\n    char *key;\n    struct oci_%s value;\n};"
                       % (kind.name, kind.name))
        out.append("")
    out.append("enum oci_type {")
    out += ["    OCI_TYPE_%s," % kind.name.upper() for kind in types]
    out += ["    OCI_TYPE_COUNT", "};", ""]
    out.append("/* what(name, NAME) for each document that can stand alone. */")
    out.append("#define OCI_DOCUMENTS(what) %s"
               % " ".join("what(%s, %s)" % (name, name.upper()) for name in documents))
    out += ["", "#endif", ""]
    return "\n".join(out)


def write_tables(types):
    maps = used_in_maps(types)
    pool = collections.OrderedDict()
    size = 0
    for kind in types:
        for member in kind.members:
            if member.name not in pool:
                pool[member.name] = size
                size += len(member.name) + 1
    if max(len(name) for name in pool) > LONGEST_NAME:
        fail("raise LONGEST_NAME here and in tables.h")

    out = [TABLES, "const char oci_names[] ="]
    out += ['    "%s\\0"' % name for name in pool]
    out[-1] += ";"
    out += ["", "const struct oci_member oci_members[] = {"]
    first = {}
    count = 0
    for kind in types:
        first[kind.name] = count
        count += len(kind.members)
        out.append("    /* %s */" % kind.name)
        out += ["    " + m.row(kind.name, pool[m.name]) for m in kind.members]
    out += ["};", ""]

    # Candidates for a key are found by its length: by_len[n] … by_len[n + 1] in the type's lookup order.
    out.append("const uint8_t oci_lookup[] = {")
    by_len = {}
    for kind in types:
        order = sorted(range(len(kind.members)),
                       key=lambda i, k=kind: (len(k.members[i].name), k.members[i].name))
        lengths = [len(kind.members[i].name) for i in order]
        by_len[kind.name] = [sum(1 for x in lengths if x < n) for n in range(LONGEST_NAME + 2)]
        out.append("    %s, /* %s */" % (", ".join(str(i) for i in order), kind.name))
    out += ["};", "", "_Static_assert(OCI_LONGEST_NAME == %d, \"see generate.py\");" % LONGEST_NAME, "",
            "const struct oci_type_info oci_types[] = {"]
    for kind in types:
        entry = "sizeof(struct oci_%s_entry)" % kind.name if kind.name in maps else "0"
        required = sum(1 << i for i, m in enumerate(kind.members) if m.required)
        out.append("    {0x%xu, sizeof(struct oci_%s), %s, %d, %d,\n     {%s}}," % (
            required, kind.name, entry, first[kind.name], len(kind.members),
            ", ".join(str(n) for n in by_len[kind.name])))
    out += ["};", ""]
    for name in sorted(maps):
        out.append("_Static_assert(offsetof(struct oci_%s_entry, value) == sizeof(char *), "
                   "\"entry layout\");" % name)
    out.append("")
    return "\n".join(out)


def replace(path, text):
    """Whole or not at all: an interrupted build leaves no half file."""
    with open(path + ".tmp", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description="C structs and reader tables from the OCI schema files")
    parser.add_argument("--header", required=True)
    parser.add_argument("--tables", required=True)
    parser.add_argument("schema", nargs="+")
    args = parser.parse_args()
    types, documents = load(args.schema)
    types = in_order(types)
    replace(args.header, write_header(types, documents))
    replace(args.tables, write_tables(types))


if __name__ == "__main__":
    main()
