#include "source_path.hpp"

namespace lastgood::test {

// LASTGOOD_SOURCE_DIR is an absolute path. Only this file has the macro, so that the compiler cache
// can reuse all other objects in another checkout.
std::filesystem::path source_path(std::string_view relative) {
  return std::filesystem::path(LASTGOOD_SOURCE_DIR) / relative;
}

}  // namespace lastgood::test
