# What every target of the project shares: flags, output folders, the compiler cache. Included by the project itself only;
# what operator authors get is PipitAddOperator.cmake.

option(PIPIT_WARNINGS_AS_ERRORS "Fail the build on a compiler warning" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Tables of lines and functions, which back-traces and sanitizers show, and no variables: some 30 % less to compile.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
endif()

find_program(PIPIT_CCACHE ccache)
if(PIPIT_CCACHE AND PROJECT_IS_TOP_LEVEL)
  # Precompiled headers are cached too, which ccache does only when told that their defines and times do not matter; and build folders
  # share what they compile alike, since the folder's name, which only debuggers see, does not matter either.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" CCACHE_NOHASHDIR=1 "${PIPIT_CCACHE}")
endif()

# The build tree mirrors the install tree, so that the program finds its operators the same way in both.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

add_library(pipit_flags INTERFACE)
target_compile_features(pipit_flags INTERFACE cxx_std_20)
target_compile_options(pipit_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -fvisibility=hidden
                                             -fvisibility-inlines-hidden -fstack-protector-strong)
if(PIPIT_WARNINGS_AS_ERRORS)
  target_compile_options(pipit_flags INTERFACE -Werror)
endif()
target_link_options(pipit_flags INTERFACE -Wl,-z,relro,-z,now)
if(PIPIT_SANITIZE)
  target_compile_options(pipit_flags INTERFACE -fsanitize=${PIPIT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(pipit_flags INTERFACE -fsanitize=${PIPIT_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(pipit_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(pipit_flags INTERFACE -fcf-protection=full)
endif()

# pipit_add_room(NAME SOURCES file… [BELOW room…] [LIBRARIES PUBLIC|PRIVATE target…])
#
# One room of the framework, as the static library pipit_NAME. It links the rooms below it and no other, so that the linker
# keeps the floors; its headers are included by their room's name.
function(pipit_add_room name)
  cmake_parse_arguments(arg "" "" "SOURCES;BELOW;LIBRARIES" ${ARGN})
  add_library(pipit_${name} STATIC ${arg_SOURCES})
  set_target_properties(pipit_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(pipit_${name} PUBLIC "${PROJECT_SOURCE_DIR}/framework" "${PROJECT_SOURCE_DIR}/framework/include")
  list(TRANSFORM arg_BELOW PREPEND pipit_)
  target_link_libraries(pipit_${name} PRIVATE pipit_flags PUBLIC ${arg_BELOW})
  if(arg_LIBRARIES)
    target_link_libraries(pipit_${name} ${arg_LIBRARIES})
  endif()
endfunction()
