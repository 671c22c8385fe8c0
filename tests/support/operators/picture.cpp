#include "test_operators.h"

PIPIT_OPERATOR("test/text.picture", "1.0.0", "for tests", test::Picture);
