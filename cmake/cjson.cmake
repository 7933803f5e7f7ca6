# cJSON for the core: the same source natively and in wasm, with slim number parsing (src/base/number.h).
# The local Auth API uses Debian's library instead, which can print numbers, too.
set(CJSON_SOURCE_DIR "" CACHE PATH "Folder with cJSON.c and cJSON.h; empty: fetched as Debian's source package")
set(cjson_dir "${CJSON_SOURCE_DIR}")
if(NOT cjson_dir)
  set(cjson_dir "${PROJECT_SOURCE_DIR}/build/cjson")
  execute_process(COMMAND "${PROJECT_SOURCE_DIR}/cmake/fetch-cjson.sh" "${cjson_dir}" COMMAND_ERROR_IS_FATAL ANY)
endif()

add_library(cjson_slim STATIC "${cjson_dir}/cJSON.c")
target_include_directories(cjson_slim SYSTEM PUBLIC "${cjson_dir}")
target_compile_definitions(cjson_slim PUBLIC CJSON_HIDE_SYMBOLS CJSON_NESTING_LIMIT=16
                           PRIVATE strtod=iauth__strtod)
set_target_properties(cjson_slim PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
