#include "test_operators.h"

PIPIT_OPERATOR("test/text.codes", "1.0.0", "for tests", test::Codes);
