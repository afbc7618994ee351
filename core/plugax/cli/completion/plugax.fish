# Completion of plugax in fish. In ~/.config/fish/config.fish:  plugax completion fish | source

function __plugax_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] completion --words $words[2..] $current 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
        case directories
            __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
        case '*'
            test (count $lines) -gt 1; and printf '%s\n' $lines[2..]
    end
end

complete -c plugax -f -k -a '(__plugax_complete)'
