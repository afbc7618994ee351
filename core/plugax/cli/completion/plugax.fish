# Completion of plugax in fish. In ~/.config/fish/config.fish:  plugax completion fish | source

function __plugax_complete
    set -l words (commandline -opc)
    # The word that is being written, without the quote that it begins with.
    set -l current (commandline -ct | string replace -r '^["\']' '')
    set -l lines ($words[1] completion --words $words[2..] "$current" 2>/dev/null)
    set -l flag (string match -r '^--[^=]*=' -- "$current"; or echo)
    set -l value (string replace -r '^--[^=]*=' '' -- "$current")
    switch "$lines[1]"
        case files
            set lines "" $flag(__fish_complete_path "$value")
        case directories
            set lines "" $flag(__fish_complete_directories "$value")
    end
    test (count $lines) -gt 1; and printf '%s\n' $lines[2..]
end

complete -c plugax -f -k -a '(__plugax_complete)'
