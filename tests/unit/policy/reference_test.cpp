// docs/reference.md names every annotation and every reason for which no policy can govern.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "policy/annotations.hpp"
#include "policy/effective_policy.hpp"

using namespace lastgood;

namespace {

std::string reference() {
  std::ifstream in(std::string(LASTGOOD_SOURCE_DIR) + "/docs/reference.md");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool has_row(const std::string& text, std::string_view first_cell) {
  return text.find("\n| `" + std::string(first_cell) + "` |") != std::string::npos;
}

}  // namespace

TEST_CASE("The reference explains every annotation") {
  const std::string text = reference();
  for (const std::string_view key : policy::valid_keys()) {
    INFO(key);
    CHECK(has_row(text, key));
  }
  for (const std::string_view key : policy::valid_template_keys()) {
    INFO(key);
    CHECK(has_row(text, key));
  }
  CHECK(has_row(text, api::annotation::rolled_back_by));
  CHECK_FALSE(has_row(text, "lastgood.dev/no-such-key"));
}

TEST_CASE("The reference explains every reason of policy resolution") {
  const std::string text = reference();
  for (const std::string_view reason : policy::broken_reasons()) {
    INFO(reason);
    CHECK(has_row(text, reason));
  }
}

TEST_CASE("The reference explains the keys of the ConfigMap") {
  const std::string text = reference();
  for (const char* key : {"health_check_url", "failure_threshold", "check_interval"}) CHECK(has_row(text, key));
}
