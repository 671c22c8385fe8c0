# Installs the build tree BUILD into PREFIX and moves it to MOVED, so that what depends on its place fails.

# Of an earlier run only LibTorch's libraries are kept, of which nothing is copied again that has not changed.
file(REMOVE_RECURSE "${PREFIX}")
if(IS_DIRECTORY "${MOVED}/lib/pipit/libtorch")
  file(MAKE_DIRECTORY "${PREFIX}/lib/pipit")
  file(RENAME "${MOVED}/lib/pipit/libtorch" "${PREFIX}/lib/pipit/libtorch")
  file(REMOVE_RECURSE "${PREFIX}/lib/pipit/libtorch/torch/include")
endif()
file(REMOVE_RECURSE "${MOVED}")

execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${PREFIX}" "${MOVED}")
