# third_party_notices(OUTPUT SECTION...) writes THIRD_PARTY_NOTICES.md with the sections of these projects. It fills in
# their versions and license texts, which are read from beside the compiled sources.
set(NOTICES_TEMPLATE "${PROJECT_SOURCE_DIR}/THIRD_PARTY_NOTICES.md")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${NOTICES_TEMPLATE}")

function(license_text variable)
  foreach(file ${ARGN})
    if(EXISTS "${file}")
      file(READ "${file}" text)
      string(STRIP "${text}" text)
      set(${variable} "${text}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "The notices need one of these license texts: ${ARGN}")
endfunction()

# The exceptions that compiler-rt's license adds to the Apache License.
set(LLVM_EXCEPTIONS "---- LLVM Exceptions to the Apache 2.0 License ----

As an exception, if, as a result of your compiling your source code, portions
of this Software are embedded into an Object form of such source code, you
may redistribute such embedded portions in such Object form without complying
with the conditions of Sections 4(a), 4(b) and 4(d) of the License.

In addition, if you combine or link compiled forms of this Software with
software that is licensed under the GPLv2 (\"Combined Software\") and if a
court of competent jurisdiction determines that the patent provision (Section
3), the indemnity provision (Section 9) or other Section of the License
conflicts with the conditions of the GPLv2, you may retroactively and
prospectively choose to deem waived or otherwise exclude such Section(s) of
the License, but only in their entirety and only with respect to the Combined
Software.")

function(third_party_notices output)
  file(READ "${NOTICES_TEMPLATE}" text)
  string(FIND "${text}" "\n## " begin)
  string(SUBSTRING "${text}" 0 ${begin} notices)
  foreach(section ${ARGN})
    string(FIND "${text}" "\n## ${section}" begin)
    if(begin EQUAL -1)
      message(FATAL_ERROR "${NOTICES_TEMPLATE} has no section ${section}")
    endif()
    string(SUBSTRING "${text}" ${begin} -1 rest)
    string(SUBSTRING "${rest}" 1 -1 rest)
    string(FIND "${rest}" "\n## " end)
    string(SUBSTRING "${rest}" 0 ${end} rest)
    string(APPEND notices "\n${rest}")
  endforeach()

  if("cJSON" IN_LIST ARGN)
    license_text(CJSON_LICENSE "${cjson_dir}/LICENSE")
  endif()
  if("Emscripten" IN_LIST ARGN)
    license_text(MUSL_COPYRIGHT "${EMSCRIPTEN_ROOT}/system/lib/libc/musl/COPYRIGHT")
    # An emsdk has the whole text. Debian has the Apache License only.
    if(EXISTS "${EMSCRIPTEN_ROOT}/system/lib/compiler-rt/LICENSE.TXT")
      license_text(LLVM_LICENSE "${EMSCRIPTEN_ROOT}/system/lib/compiler-rt/LICENSE.TXT")
    else()
      license_text(LLVM_LICENSE /usr/share/common-licenses/Apache-2.0)
      string(APPEND LLVM_LICENSE "\n\n${LLVM_EXCEPTIONS}")
    endif()
  endif()
  set(ESBUILD_VERSION "@ESBUILD_VERSION@") # js/build.js fills these in
  set(ESBUILD_LICENSE "@ESBUILD_LICENSE@")
  string(CONFIGURE "${notices}" notices @ONLY)
  file(WRITE "${output}" "${notices}")
endfunction()
