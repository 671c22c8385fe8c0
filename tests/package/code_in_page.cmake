# The page PAGE shows the file CODE as it is, as a block of LANGUAGE.
file(READ "${CODE}" code)
file(READ "${PAGE}" page)
string(FIND "${page}" "\n```${LANGUAGE}\n${code}```\n" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${PAGE} does not show ${CODE} as it is")
endif()
