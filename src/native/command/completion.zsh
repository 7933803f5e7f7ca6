#compdef inbenta-token
_arguments \
  '1:command:((get\:"print an access token" watch\:"keep one fresh" apis\:"print the base URLs"))' \
  '2:product:' \
  '--api-key[the API key]:key:' \
  '--secret-file[file with the secret, - for standard input]:file:_files' \
  '--personal-secret-file[file with the personal secret, for editor APIs]:file:_files' \
  '--endpoint[base URL of the Auth API]:url:' \
  '--format[of the output]:format:(text json header)' \
  '--output[watch\: write each new token to this file]:file:_files' \
  '--exec[watch\: run this with each new token on standard input]:command:_command_names' \
  '--timeout[how long to wait]:seconds:' \
  '--proxy[the proxy]:url:' \
  '--ca-file[certificate authorities to trust]:file:_files' \
  '--allow-insecure[plain http to other machines]' \
  '--help[summary]' \
  '--version[version]'
