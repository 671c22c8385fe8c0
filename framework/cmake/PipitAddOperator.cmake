# pipit_add_operator(NAME SOURCES file… [LIBRARIES target…] [LIBTORCH] [FOLDER dir])
#
# Builds one operator module: NAME is the operator's ("video_sample.time_step", "acme/video.cut"), the same that its source
# gives to PIPIT_OPERATOR. The module lands in <build>/lib/pipit/operators/<its path>.so and is installed likewise; where pipit is a part
# of the project (add_subdirectory), in pipit's own build folder, where its program looks.
# LIBTORCH: the operator uses LibTorch; its version goes into the module's note. FindLibTorch.cmake says where the headers come from.
# FOLDER: build it below this folder instead, and do not install it.
# Used by pipit itself and by projects that call find_package(pipit).

function(pipit_add_operator name)
  cmake_parse_arguments(arg "LIBTORCH" "FOLDER" "SOURCES;LIBRARIES" ${ARGN})
  pipit_refuse_keywords("pipit_add_operator(${name} …)" "SOURCES, LIBRARIES, LIBTORCH and FOLDER"
    "${arg_UNPARSED_ARGUMENTS}" "${arg_KEYWORDS_MISSING_VALUES}")
  string(REGEX REPLACE "[/.]" "_" target "operator_${name}")
  string(REPLACE "." "/" path "${name}")
  get_filename_component(folder "${path}" DIRECTORY)
  get_filename_component(file "${path}" NAME)

  # Where the program looks: in pipit's own build, in one that took pipit in with add_subdirectory, in one of its own.
  set(root "${CMAKE_BINARY_DIR}/lib/pipit/operators")
  if(TARGET pipit_program AND pipit_BINARY_DIR)
    set(root "${pipit_BINARY_DIR}/lib/pipit/operators")
  endif()
  if(arg_FOLDER)
    set(root "${arg_FOLDER}")
  endif()

  add_library(${target} MODULE ${arg_SOURCES})
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(CXX IN_LIST languages)
    target_compile_features(${target} PRIVATE cxx_std_20)
  endif()
  target_compile_definitions(${target} PRIVATE PIPIT_MODULE)
  # From lib/pipit/operators/<folder> to lib/ and to the LibTorch that comes with pipit.
  string(REGEX REPLACE "[^/]+" ".." up "${folder}")
  set(rpath "$ORIGIN/${up}/../.." "$ORIGIN/${up}/../libtorch/torch/lib")
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "${file}"
    LIBRARY_OUTPUT_DIRECTORY "${root}/${folder}"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${rpath}")
  # Nothing but the entry leaves the module, so that no symbol of it can meet another module's.
  target_link_options(${target} PRIVATE "-Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/operator.map"
                                        "-Wl,--disable-new-dtags")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/operator.map")
  target_link_libraries(${target} PRIVATE pipit::operator ${arg_LIBRARIES})
  if(arg_LIBTORCH)
    list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")
    find_package(LibTorch REQUIRED)
    target_link_libraries(${target} PRIVATE LibTorch::torch)
    target_compile_definitions(${target} PRIVATE PIPIT_LIBTORCH_VERSION="${LibTorch_VERSION}")
  endif()

  # The signature is stored in the file, so that pipelines are checked without loading it.
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -DPROGRAM=$<TARGET_FILE:pipit::program> -DMODULE=$<TARGET_FILE:${target}>
            -DOBJCOPY=${CMAKE_OBJCOPY} -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_signature.cmake"
    VERBATIM)
  if(NOT arg_FOLDER)
    set_property(GLOBAL APPEND PROPERTY PIPIT_OPERATOR_TARGETS ${target})
    install(TARGETS ${target} LIBRARY DESTINATION "lib/pipit/operators/${folder}")
  endif()
endfunction()

# pipit_test_operator(NAME [SET argument=value…] [ROWS file.jsonl])
#
# Adds the test `conformance.NAME`: `pipit plugin test` on the module that pipit_add_operator(NAME …) builds. enable_testing() comes first.
# SET: arguments of the operator, as `--set` takes them; what the signature requires must be among them.
# ROWS: a file with rows to try it with, an object with a value for each input a line, relative to this CMakeLists.txt. Paths in it are
# relative to the same folder. Without it rows are made from the types of the ports.
function(pipit_test_operator name)
  cmake_parse_arguments(arg "" "ROWS" "SET" ${ARGN})
  set(call "pipit_test_operator(${name} …)")
  pipit_refuse_keywords("${call}" "SET and ROWS" "${arg_UNPARSED_ARGUMENTS}" "${arg_KEYWORDS_MISSING_VALUES}")
  string(REGEX REPLACE "[/.]" "_" target "operator_${name}")
  if(NOT TARGET ${target})
    message(FATAL_ERROR "${call}: no such operator; pipit_add_operator(${name} …) comes first")
  endif()
  foreach(assignment IN LISTS arg_SET)
    if(NOT assignment MATCHES "^[A-Za-z_][^=]*=")
      message(FATAL_ERROR "${call}: SET takes argument=value, found '${assignment}'; the keywords are SET and ROWS")
    endif()
  endforeach()
  list(TRANSFORM arg_SET PREPEND "--set=")
  if(arg_ROWS)
    get_filename_component(rows "${arg_ROWS}" ABSOLUTE)
    if(NOT EXISTS "${rows}")
      message(FATAL_ERROR "${call}: no ROWS file '${rows}'")
    endif()
    list(APPEND arg_SET "--rows=${rows}")
  endif()
  add_test(NAME conformance.${name}
    COMMAND $<TARGET_FILE:pipit::program> plugin test $<TARGET_FILE:${target}> ${arg_SET}
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

# Stops at a keyword that is not known, and at one without the value that it takes.
function(pipit_refuse_keywords call known unknown valueless)
  if(NOT unknown STREQUAL "")
    list(GET unknown 0 first)
    message(FATAL_ERROR "${call}: unknown keyword '${first}'; it takes ${known}")
  endif()
  if(NOT valueless STREQUAL "")
    list(GET valueless 0 first)
    message(FATAL_ERROR "${call}: ${first} needs a value")
  endif()
endfunction()
