#include "test_operators.h"

PIPIT_OPERATOR("test/text.anything", "1.0.0", "for tests", test::Anything);
