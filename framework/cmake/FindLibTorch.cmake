# LibTorch as imported targets, from the pinned wheels or from a folder that the user names.
#
# LibTorch's own package file insists on a CUDA toolkit and bakes absolute paths into what is exported, so it is not used.
#   PIPIT_LIBTORCH       a folder with include/ and lib/: a LibTorch, or `torch` of a Python package; empty: the one that is installed with
#                        pipit, or, in its source tree, the one that ./dev unpacks
#   LibTorch_VERSION     as torch/version.h says
#   LibTorch_DIR_FOUND   the folder in use
#   LibTorch::torch      libtorch_cpu and libc10, with their include folders
#
# An installed pipit has the libraries, and the headers only where they were asked for (the component libtorch_headers). So there
# PIPIT_LIBTORCH gives the headers, and must be of the version of the libraries, which are the ones that run.

# pipit_libtorch_version(FOLDER): LibTorch_VERSION of what lies there, or empty, and the header that says so.
macro(pipit_libtorch_version folder)
  set(LibTorch_VERSION "")
  foreach(header_folder include/torch/headeronly include/torch/csrc/api/include/torch)
    set(header "${folder}/${header_folder}/version.h")
    if(NOT LibTorch_VERSION AND EXISTS "${header}")
      file(STRINGS "${header}" parts REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
      list(TRANSFORM parts REPLACE "[^0-9]+" "")
      list(JOIN parts "." LibTorch_VERSION)
      if(LibTorch_VERSION)
        set(LibTorch_VERSION_HEADER "${header}")
        set(LibTorch_VERSION_FOLDER "${header_folder}")
      endif()
    endif()
  endforeach()
endmacro()

get_filename_component(installed "${CMAKE_CURRENT_LIST_DIR}/../../pipit/libtorch/torch" ABSOLUTE)
get_filename_component(unpacked "${CMAKE_CURRENT_LIST_DIR}/../../.deps/libtorch/torch" ABSOLUTE)
set(hint "./dev build unpacks it into .deps/libtorch, or name a folder with -DPIPIT_LIBTORCH=DIR")

set(LibTorch_DIR_FOUND "${PIPIT_LIBTORCH}")
set(headers "${PIPIT_LIBTORCH}")
if(IS_DIRECTORY "${installed}")
  pipit_libtorch_version("${installed}")
  set(version "${LibTorch_VERSION}")
  set(LibTorch_DIR_FOUND "${installed}")
  if(NOT headers)
    set(headers "${installed}")
  endif()
  set(hint "the headers of LibTorch ${version} are not installed with pipit: name a LibTorch ${version} with -DPIPIT_LIBTORCH=DIR (a `torch` folder of Python serves), or install pipit's component libtorch_headers")
  pipit_libtorch_version("${headers}")
  if(PIPIT_LIBTORCH AND NOT LibTorch_VERSION)
    message(FATAL_ERROR "PIPIT_LIBTORCH '${PIPIT_LIBTORCH}' is not a LibTorch: it has no include/torch/headeronly/version.h")
  elseif(NOT LibTorch_VERSION STREQUAL version)
    message(FATAL_ERROR "PIPIT_LIBTORCH '${PIPIT_LIBTORCH}' is LibTorch ${LibTorch_VERSION}; this pipit runs with ${version}, and needs the headers of that")
  endif()
else()
  if(NOT LibTorch_DIR_FOUND AND IS_DIRECTORY "${unpacked}")
    set(LibTorch_DIR_FOUND "${unpacked}")
  endif()
  set(headers "${LibTorch_DIR_FOUND}")
  pipit_libtorch_version("${headers}")
endif()

find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS "${LibTorch_DIR_FOUND}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_C10_LIBRARY c10 PATHS "${LibTorch_DIR_FOUND}/lib" NO_DEFAULT_PATH NO_CACHE)
find_path(LibTorch_HEADERS ATen/core/Tensor.h PATHS "${headers}/include" NO_DEFAULT_PATH NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_HEADERS LibTorch_VERSION
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${hint}")

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION "${LibTorch_C10_LIBRARY}")
  add_library(LibTorch::torch SHARED IMPORTED)
  set_target_properties(LibTorch::torch PROPERTIES
    IMPORTED_LOCATION "${LibTorch_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_HEADERS};${LibTorch_HEADERS}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES LibTorch::c10)
endif()
