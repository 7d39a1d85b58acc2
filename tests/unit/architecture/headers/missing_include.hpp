// Does not include what it uses, so it must not compile alone: tests/CMakeLists.txt checks this.
#pragma once

inline std::string greeting() { return "hello"; }
