# LibTorch as imported targets, from the pinned wheels or from a folder that the user names.
#
# LibTorch's own package file insists on a CUDA toolkit and bakes absolute paths into what is exported, so it is not used.
#   PIPIT_LIBTORCH       a folder with include/ and lib/; empty: the one that is installed with pipit, or, in its source tree,
#                        the one that ./dev unpacks
#   LibTorch_VERSION     as torch/version.h says
#   LibTorch_DIR_FOUND   the folder in use
#   LibTorch::torch      libtorch_cpu and libc10, with their include folders

set(LibTorch_DIR_FOUND "${PIPIT_LIBTORCH}")
foreach(folder pipit/libtorch/torch .deps/libtorch/torch)
  get_filename_component(folder "${CMAKE_CURRENT_LIST_DIR}/../../${folder}" ABSOLUTE)
  if(NOT LibTorch_DIR_FOUND AND IS_DIRECTORY "${folder}")
    set(LibTorch_DIR_FOUND "${folder}")
  endif()
endforeach()
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS "${LibTorch_DIR_FOUND}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_C10_LIBRARY c10 PATHS "${LibTorch_DIR_FOUND}/lib" NO_DEFAULT_PATH NO_CACHE)
foreach(header include/torch/headeronly/version.h include/torch/csrc/api/include/torch/version.h)
  if(NOT LibTorch_VERSION AND EXISTS "${LibTorch_DIR_FOUND}/${header}")
    file(STRINGS "${LibTorch_DIR_FOUND}/${header}" parts REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    list(TRANSFORM parts REPLACE "[^0-9]+" "")
    list(JOIN parts "." LibTorch_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_VERSION
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "./dev build unpacks it into .deps/libtorch, or name a folder with -DPIPIT_LIBTORCH=DIR")

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION "${LibTorch_C10_LIBRARY}")
  add_library(LibTorch::torch SHARED IMPORTED)
  set_target_properties(LibTorch::torch PROPERTIES
    IMPORTED_LOCATION "${LibTorch_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_DIR_FOUND}/include;${LibTorch_DIR_FOUND}/include/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES LibTorch::c10)
endif()
