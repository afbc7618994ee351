# Completion of plugax in bash. In ~/.bashrc:  eval "$(plugax completion bash)"

_plugax() {
    local kind= line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; else COMPREPLY+=("$line"); fi
    done < <("$1" completion --line "$COMP_LINE" "$COMP_POINT" "$COMP_WORDBREAKS" 2>/dev/null)
    # Without words, bash offers files: `-o default` below. (bash 3 has no compopt.)
    case $kind in
        files) ;;
        directories) compopt +o default -o dirnames ;;
        part) compopt +o default -o nospace ;;
        *) compopt +o default ;;
    esac 2>/dev/null
}

# Older versions of bash know no `nosort`: then the usual does not come first.
complete -o default -o nosort -F _plugax plugax 2>/dev/null || complete -o default -F _plugax plugax
