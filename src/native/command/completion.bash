# bash completion of inbenta-token
_inbenta_token() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  case $before in
    --format) mapfile -t COMPREPLY < <(compgen -W 'text json header' -- "$word") ;;
    --secret-file | --personal-secret-file | --output | --ca-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --exec) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
    --api-key | --endpoint | --timeout | --proxy) COMPREPLY=() ;;
    *)
      local words='get watch apis'
      [[ $word == -* ]] && words='--api-key --secret-file --personal-secret-file --endpoint --format --output --exec --timeout --proxy --ca-file --allow-insecure --help --version'
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
      ;;
  esac
}
complete -F _inbenta_token inbenta-token
