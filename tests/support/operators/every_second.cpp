#include "test_operators.h"

PIPIT_OPERATOR("test/text.every_second", "1.0.0", "for tests", test::EverySecond);
