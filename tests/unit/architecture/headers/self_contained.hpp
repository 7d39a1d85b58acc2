// Includes what it uses, so it must compile alone: tests/CMakeLists.txt checks this.
#pragma once

#include <string>

inline std::string greeting() { return "hello"; }
