#compdef plugax
# Completion of plugax in zsh. In ~/.zshrc:  eval "$(plugax completion zsh)"

_plugax() {
    local -a lines found
    local line
    lines=("${(@f)$("${(Q)words[1]}" completion --words \
        "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $lines[1] in
        files) compset -P '*='; _files ;;
        directories) compset -P '*='; _files -/ ;;
        *)
            for line in "${(@)lines[2,-1]}"; do
                # `name:description`, with the colons of the name escaped.
                found+=("${${line%%$'\t'*}//:/\\:}${${(M)line:#*$'\t'*}:+:${line#*$'\t'}}")
            done
            if [[ $lines[1] == part ]]; then
                _describe -V plugax found -S ''
            else
                _describe -V plugax found
            fi
            ;;
    esac
}

if ! (( $+functions[compdef] )); then
    autoload -Uz compinit && compinit
fi
compdef _plugax plugax
