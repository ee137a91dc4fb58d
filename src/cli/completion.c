/* SPDX-License-Identifier: Apache-2.0 */
/* Completions for bash, zsh and fish from the tables. */
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

/* What a value or an operand is made of. */
enum word_kind { WORD_ANY, WORD_DIR, WORD_FILE, WORD_LIST, WORD_ID };

static enum word_kind arg_kind(const char *arg)
{
    static const char *const files[] = {"FILE", "SOCKET", "FILE|-", "IMG", "KEY"};

    if (vl_streq(arg, "DIR"))
        return WORD_DIR;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (vl_streq(arg, files[i]))
            return WORD_FILE;
    return strchr(arg, '|') != NULL ? WORD_LIST : WORD_ANY;
}

static enum word_kind option_kind(const struct vl_opt *o)
{
    return o->type == VL_OPT_WORD ? WORD_LIST : arg_kind(o->arg);
}

/* The first operand of a command; *ret_len is its length. */
static enum word_kind operand_kind(const struct vl_command *c, size_t *ret_len)
{
    size_t bracket = strspn(c->operands, "[");
    char word[64];

    *ret_len = strcspn(c->operands + bracket, " ]");
    if (*ret_len == 0 || *ret_len >= sizeof(word))
        return WORD_ANY;
    memcpy(word, c->operands + bracket, *ret_len);
    word[*ret_len] = '\0';
    return vl_streq(word, "ID") ? WORD_ID : arg_kind(word);
}

static const char *first_operand(const struct vl_command *c)
{
    return c->operands + strspn(c->operands, "[");
}

/* "a|b" as "a b" */
static void add_words(struct vl_str *b, const char *words, size_t len)
{
    for (size_t i = 0; i < len; i++)
        vl_str_addc(b, words[i] == '|' ? ' ' : words[i]);
}

static bool shown(const struct vl_opt *o)
{
    return o->help != NULL;
}

/* Only commands that do something. */
#define FOR_EACH_COMMAND(c)                                                                        \
    for (const struct vl_command *c = vl_commands; c->name != NULL; c++)                           \
        if (c->run != NULL)
/* Those with a name of one word. */
#define FOR_EACH_WORD(c)                                                                           \
    FOR_EACH_COMMAND(c)                                                                            \
    if (strchr(c->name, ' ') == NULL)
#define FOR_EACH_OPTION(o, list)                                                                   \
    for (const struct vl_opt *o = (list); o != NULL && o->name != NULL; o++)                       \
        if (shown(o))

/* -- bash ------------------------------------------------------------------------------------------ */

static void bash_kind(struct vl_str *b, enum word_kind kind, const char *words, size_t len)
{
    static const char *const names[] = {[WORD_ANY] = "any", [WORD_DIR] = "dir", [WORD_FILE] = "file", [WORD_ID] = "id"};

    vl_str_add(b, ") echo '");
    if (kind == WORD_LIST) {
        vl_str_add(b, "words ");
        add_words(b, words, len);
    } else {
        vl_str_add(b, names[kind]);
    }
    vl_str_add(b, "' ;;\n");
}

static void bash_values(struct vl_str *b, const char *command, const struct vl_opt *options)
{
    FOR_EACH_OPTION(o, options) {
        if (o->arg == NULL)
            continue;
        vl_str_addf(b, "    '%s:--%s'", command, o->name);
        if (o->letter != '\0')
            vl_str_addf(b, " | '%s:-%c'", command, o->letter);
        bash_kind(b, option_kind(o), o->arg, strlen(o->arg));
    }
}

static void bash_names(struct vl_str *b, const char *command, const struct vl_opt *options)
{
    vl_str_addf(b, "    '%s') echo '", command);
    FOR_EACH_OPTION(o, options)
        vl_str_addf(b, " --%s", o->name);
    vl_str_add(b, "' ;;\n");
}

static const char bash_rest[] =
    "_veloci() {\n"
    "    local command='' operands=0 root=() i=1 word kind cur=${COMP_WORDS[COMP_CWORD]}\n"
    "    local prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    # --name=value is three words to bash\n"
    "    if [[ $cur == = ]]; then cur=''\n"
    "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    while ((i < COMP_CWORD)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == -* ]]; then\n"
    "            if [[ -n $(_veloci_value \"$command\" \"$word\") ]]; then\n"
    "                ((i++))\n"
    "                [[ ${COMP_WORDS[i]} == = ]] && ((i++))\n"
    "                [[ $word == --root ]] && root=(--root \"${COMP_WORDS[i]}\")\n"
    "            fi\n"
    "        elif [[ -z $command ]]; then command=$word\n"
    "        elif [[ $operands == 0 && -n $(_veloci_options \"$command $word\") ]]; then command+=\" $word\"\n"
    "        else ((operands++))\n"
    "        fi\n"
    "        ((i++))\n"
    "    done\n"
    "    COMPREPLY=()\n"
    "    kind=$(_veloci_value \"$command\" \"$prev\")\n"
    "    if [[ -z $kind && $cur == -* ]]; then kind=\"words $(_veloci_options \"$command\")\"\n"
    "    elif [[ -z $kind && -z $command ]]; then kind=\"words $(_veloci_commands)\"\n"
    "    elif [[ -z $kind && $operands == 0 ]]; then kind=$(_veloci_operand \"$command\")\n"
    "    elif [[ -z $kind && $command == kill && $operands == 1 ]]; then mapfile -t COMPREPLY < <(compgen -A signal -- "
    "\"$cur\")\n"
    "    fi\n"
    "    case $kind in\n"
    "    dir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
    "    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "    id) mapfile -t COMPREPLY < <(compgen -W \"$(\"${COMP_WORDS[0]}\" \"${root[@]}\" list --quiet 2>/dev/null)\" -- "
    "\"$cur\") ;;\n"
    "    'words '*) mapfile -t COMPREPLY < <(compgen -W \"${kind#words }\" -- \"$cur\") ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _veloci veloci\n";

static char *bash_text(void)
{
    struct vl_str b = VL_STR_INIT;

    vl_str_add(&b, "# bash completion of veloci; made by `veloci completion bash`\n"
                   "# What the value of an option is; nothing for one that takes none.\n"
                   "_veloci_value() { # command option\n    case $1:$2 in\n");
    bash_values(&b, "", vl_global_options);
    FOR_EACH_COMMAND(c)
        bash_values(&b, c->name, c->options);
    vl_str_add(&b, "    esac\n}\n_veloci_options() { # command\n    case $1 in\n");
    bash_names(&b, "", vl_global_options);
    FOR_EACH_COMMAND(c)
        bash_names(&b, c->name, c->options);
    vl_str_add(&b, "    esac\n}\n_veloci_operand() { # command\n    case $1 in\n");
    FOR_EACH_COMMAND(c) {
        size_t len;
        enum word_kind kind = operand_kind(c, &len);
        if (len == 0)
            continue;
        vl_str_addf(&b, "    '%s'", c->name);
        bash_kind(&b, kind, first_operand(c), len);
    }
    vl_str_add(&b, "    esac\n}\n_veloci_commands() {\n    echo '");
    FOR_EACH_WORD(c)
        vl_str_addf(&b, " %s", c->name);
    vl_str_add(&b, " help'\n}\n");
    vl_str_add(&b, bash_rest);
    return vl_str_take(&b);
}

/* -- zsh ------------------------------------------------------------------------------------------- */

/* Inside '…[text]…' of _arguments: brackets, colons, quotes. */
static void zsh_text(struct vl_str *b, const char *s)
{
    for (; *s != '\0'; s++)
        if (*s == '\'')
            vl_str_add(b, "'\\''");
        else if (strchr("[]:\\", *s) != NULL)
            vl_str_addf(b, "\\%c", *s);
        else
            vl_str_addc(b, *s);
}

static void zsh_action(struct vl_str *b, enum word_kind kind, const char *words, size_t len)
{
    static const char *const actions[] = {
        [WORD_ANY] = " ", [WORD_DIR] = "_files -/", [WORD_FILE] = "_files", [WORD_ID] = "_veloci_ids"};

    if (kind != WORD_LIST) {
        vl_str_add(b, actions[kind]);
        return;
    }
    vl_str_addc(b, '(');
    add_words(b, words, len);
    vl_str_addc(b, ')');
}

static void zsh_spec(struct vl_str *b, const char *name, const struct vl_opt *o)
{
    vl_str_addf(b, "        '%s%s%s[", o->type == VL_OPT_STRS ? "*" : "", name,
                o->arg == NULL ? "" : name[1] == '-' ? "=" : "+");
    zsh_text(b, o->help);
    vl_str_addc(b, ']');
    if (o->arg != NULL) {
        vl_str_addc(b, ':');
        zsh_text(b, o->type == VL_OPT_WORD ? o->name : o->arg);
        vl_str_addc(b, ':');
        zsh_action(b, option_kind(o), o->arg, strlen(o->arg));
    }
    vl_str_add(b, "' \\\n");
}

static void zsh_options(struct vl_str *b, const struct vl_opt *options)
{
    FOR_EACH_OPTION(o, options) {
        cleanup_free char *name = vl_asprintf("--%s", o->name);
        zsh_spec(b, name, o);
        if (o->letter != '\0') {
            char letter[3] = {'-', o->letter, '\0'};
            zsh_spec(b, letter, o);
        }
    }
}

static void zsh_command(struct vl_str *b, const struct vl_command *c)
{
    size_t len;
    enum word_kind kind = operand_kind(c, &len);

    vl_str_addf(b, "    %s) _arguments -s \\\n", c->name);
    zsh_options(b, c->options);
    if (len > 0) {
        vl_str_addf(b, "        '1:%.*s:", (int)len, kind == WORD_LIST ? "WORD" : first_operand(c));
        zsh_action(b, kind, first_operand(c), len);
        vl_str_add(b, "' \\\n");
    }
    vl_str_addf(b, "        '*:: :%s' ;;\n", c->max == VL_OPERANDS_COMMAND ? "_normal" : "_default");
}

static char *zsh_text_all(void)
{
    struct vl_str b = VL_STR_INIT;

    vl_str_add(&b, "#compdef veloci\n# zsh completion of veloci; made by `veloci completion zsh`\n"
                   "_veloci_ids() {\n"
                   "    local -a ids root\n"
                   "    [[ -n ${opt_args[--root]} ]] && root=(--root ${opt_args[--root]})\n"
                   "    ids=(${(f)\"$(_call_program ids veloci $root list --quiet 2>/dev/null)\"})\n"
                   "    _describe container ids\n}\n"
                   "_veloci_commands() {\n    local -a commands=(\n");
    FOR_EACH_WORD(c) {
        vl_str_addf(&b, "        '%s:", c->name);
        zsh_text(&b, c->help);
        vl_str_add(&b, "'\n");
    }
    vl_str_add(&b, "    )\n    _describe command commands\n}\n"
                   "_veloci() {\n    local curcontext=$curcontext state line\n    typeset -A opt_args\n"
                   "    _arguments -C \\\n");
    zsh_options(&b, vl_global_options);
    vl_str_add(&b, "        '1: :_veloci_commands' \\\n        '*:: :->rest' && return\n"
                   "    [[ $state == rest ]] || return\n    case $words[1] in\n");
    FOR_EACH_WORD(c)
        zsh_command(&b, c);
    vl_str_add(&b, "    esac\n}\n[[ ${funcstack[1]} == _veloci ]] && _veloci \"$@\" || compdef _veloci veloci\n");
    return vl_str_take(&b);
}

/* -- fish ------------------------------------------------------------------------------------------ */

static void fish_quoted(struct vl_str *b, const char *s)
{
    vl_str_addc(b, '\'');
    for (; *s != '\0'; s++) {
        if (*s == '\'' || *s == '\\')
            vl_str_addc(b, '\\');
        vl_str_addc(b, *s);
    }
    vl_str_addc(b, '\'');
}

static void fish_kind(struct vl_str *b, enum word_kind kind, const char *words, size_t len)
{
    static const char *const actions[] = {[WORD_ANY] = "",
                                          [WORD_DIR] = " -a '(__fish_complete_directories)'",
                                          [WORD_FILE] = " -F",
                                          [WORD_ID] = " -a '(__veloci_ids)'"};

    if (kind != WORD_LIST) {
        vl_str_add(b, actions[kind]);
        return;
    }
    vl_str_add(b, " -a '");
    add_words(b, words, len);
    vl_str_addc(b, '\'');
}

static void fish_options(struct vl_str *b, const char *when, const struct vl_opt *options)
{
    FOR_EACH_OPTION(o, options) {
        vl_str_addf(b, "complete -c veloci -n '%s' -l %s", when, o->name);
        if (o->letter != '\0')
            vl_str_addf(b, " -s %c", o->letter);
        if (o->arg != NULL) {
            vl_str_add(b, option_kind(o) == WORD_FILE ? " -r" : " -x");
            fish_kind(b, option_kind(o), o->arg, strlen(o->arg));
        }
        vl_str_add(b, " -d ");
        fish_quoted(b, o->help);
        vl_str_addc(b, '\n');
    }
}

static char *fish_text(void)
{
    struct vl_str b = VL_STR_INIT;

    vl_str_add(&b, "# fish completion of veloci; made by `veloci completion fish`\n"
                   "function __veloci_ids\n    veloci list --quiet 2>/dev/null\nend\n"
                   "complete -c veloci -f\n");
    fish_options(&b, "__fish_use_subcommand", vl_global_options);
    FOR_EACH_WORD(c) {
        vl_str_addf(&b, "complete -c veloci -n __fish_use_subcommand -a %s -d ", c->name);
        fish_quoted(&b, c->help);
        vl_str_addc(&b, '\n');
    }
    FOR_EACH_WORD(c) {
        size_t len;
        enum word_kind kind = operand_kind(c, &len);
        cleanup_free char *when = vl_asprintf("__fish_seen_subcommand_from %s", c->name);
        fish_options(&b, when, c->options);
        if (len > 0 && kind != WORD_ANY) {
            vl_str_addf(&b, "complete -c veloci -n '%s'", when);
            fish_kind(&b, kind, first_operand(c), len);
            vl_str_addc(&b, '\n');
        }
    }
    return vl_str_take(&b);
}

char *vl_completion_text(const char *shell)
{
    if (vl_streq(shell, "bash"))
        return bash_text();
    if (vl_streq(shell, "zsh"))
        return zsh_text_all();
    return vl_streq(shell, "fish") ? fish_text() : NULL;
}
