# Stores a module's signature in its file (section .pipit.signature), as pipit_add_operator() describes.
set(ENV{ASAN_OPTIONS} "$ENV{ASAN_OPTIONS}:detect_leaks=0")
execute_process(COMMAND "${PROGRAM}" plugin signature "${MODULE}" OUTPUT_FILE "${MODULE}.signature" RESULT_VARIABLE status)
if(status EQUAL 0)
  execute_process(COMMAND "${OBJCOPY}" --add-section ".pipit.signature=${MODULE}.signature"
    --set-section-flags ".pipit.signature=noload,readonly" "${MODULE}" RESULT_VARIABLE status)
endif()
file(REMOVE "${MODULE}.signature")
if(NOT status EQUAL 0)
  file(REMOVE "${MODULE}")
  message(FATAL_ERROR "the signature of ${MODULE} cannot be stored in it")
endif()
