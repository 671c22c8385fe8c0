# What every target of the project shares: flags, output folders, the compiler cache. Included by the project itself only;
# what operator authors get is PipitAddOperator.cmake.

option(PIPIT_WARNINGS_AS_ERRORS "Fail the build on a compiler warning" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(PIPIT_CCACHE ccache)
if(PIPIT_CCACHE AND PROJECT_IS_TOP_LEVEL)
  # Precompiled headers are cached too, which ccache does only when told that their defines and times do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${PIPIT_CCACHE}")
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
  target_compile_options(pipit_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
