#include "test_operators.h"

PIPIT_OPERATOR("test/text.tag", "1.0.0", "for tests", test::Tag);
