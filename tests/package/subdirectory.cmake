# Configures the project SOURCE, which takes in PIPIT (of VERSION) with add_subdirectory, in BUILD: its operator lies where pipit's program looks.
execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BUILD}" -G "${GENERATOR}" "-DPIPIT_SOURCE=${PIPIT}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(STRINGS "${BUILD}/places" places)
set(expected
  "${BUILD}/parts/pipit/bin/pipit"
  "${BUILD}/parts/pipit/lib/pipit/operators/acme/text/shorten.so"
  "${BUILD}/parts/pipit/lib/libpipit.so.${VERSION}")
if(NOT places STREQUAL expected)
  message(FATAL_ERROR "under add_subdirectory there would be ${places}, expected ${expected}")
endif()
if(EXISTS "${BUILD}/parts/pipit/tests")
  message(FATAL_ERROR "under add_subdirectory pipit's own tests would be built")
endif()
