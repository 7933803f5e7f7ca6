# Loads the toolchain file of Emscripten. It is found by EMSCRIPTEN_ROOT (a CMake or environment variable), else by
# EMSDK in the environment (the active version of an emsdk), else in Debian's package.
if(NOT EMSCRIPTEN_ROOT)
  if(DEFINED ENV{EMSCRIPTEN_ROOT})
    set(EMSCRIPTEN_ROOT "$ENV{EMSCRIPTEN_ROOT}")
  elseif(DEFINED ENV{EMSDK})
    set(EMSCRIPTEN_ROOT "$ENV{EMSDK}/upstream/emscripten")
  else()
    set(EMSCRIPTEN_ROOT /usr/share/emscripten)
  endif()
endif()
set(EMSCRIPTEN_ROOT "${EMSCRIPTEN_ROOT}" CACHE PATH "Folder of Emscripten: the one with emcc")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EMSCRIPTEN_ROOT)
if(NOT EXISTS "${EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake")
  message(FATAL_ERROR "There is no Emscripten in ${EMSCRIPTEN_ROOT}. Install Debian's package emscripten, activate an emsdk, "
                      "or set EMSCRIPTEN_ROOT to the folder with emcc.")
endif()
include("${EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake")
