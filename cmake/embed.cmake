# embed(OUT PREFIX FOLDER FILE...) compiles text files into a program. At build time, each file becomes a C file with a
# string `const char PREFIX<name>[]`. Dots in the name become underscores. OUT is set to the list of C files.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${input}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  file(WRITE "${output}" "const char ${symbol}[] = {${bytes}0};\n")
  return()
endif()

set(EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")
function(embed out prefix folder)
  set(sources)
  foreach(name ${ARGN})
    string(REPLACE "." "_" symbol "${prefix}${name}")
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c")
    add_custom_command(OUTPUT "${source}" DEPENDS "${folder}/${name}" "${EMBED_SCRIPT}"
      COMMAND "${CMAKE_COMMAND}" -D "input=${folder}/${name}" -D "output=${source}" -D "symbol=${symbol}" -P "${EMBED_SCRIPT}")
    list(APPEND sources "${source}")
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()
