/* SPDX-License-Identifier: Apache-2.0 */
/* JSON output through yajl_gen: a small writer that cannot produce an invalid document. */
#ifndef VL_BASE_JSON_H
#define VL_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

struct vl_json;
/* indent: NULL for one line, else the indent unit. */
struct vl_json *vl_json_new(const char *indent);
void vl_json_free(struct vl_json *j);
void vl_json_obj(struct vl_json *j);
void vl_json_end_obj(struct vl_json *j);
void vl_json_arr(struct vl_json *j);
void vl_json_end_arr(struct vl_json *j);
void vl_json_key(struct vl_json *j, const char *key);
void vl_json_str(struct vl_json *j, const char *s); /* NULL writes null; invalid UTF-8 is replaced by U+FFFD */
void vl_json_strn(struct vl_json *j, const char *s, size_t n);
void vl_json_int(struct vl_json *j, int64_t v);
void vl_json_uint(struct vl_json *j, uint64_t v);
void vl_json_decimal(struct vl_json *j, const char *digits); /* "0.25": text that is a JSON number */
void vl_json_bool(struct vl_json *j, bool v);
void vl_json_null(struct vl_json *j);
/* key and value in one */
void vl_json_kv_str(struct vl_json *j, const char *key, const char *s);
void vl_json_kv_int(struct vl_json *j, const char *key, int64_t v);
void vl_json_kv_uint(struct vl_json *j, const char *key, uint64_t v);
void vl_json_kv_bool(struct vl_json *j, const char *key, bool v);
/* The finished text, with a final newline when indented. Owned by the caller; frees j. */
char *vl_json_take(struct vl_json *j, size_t *ret_len);

#endif
