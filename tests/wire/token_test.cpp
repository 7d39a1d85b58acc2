// Bearer tokens that clients send to the controller.
#include "net/token.hpp"

#include <catch2/catch.hpp>

namespace lastgood::wire {

TEST_CASE("has_bearer_token accepts only the complete token") {
  CHECK(net::has_bearer_token("Bearer secret", "secret"));
  CHECK(net::has_bearer_token("bearer  secret ", "secret"));
  CHECK_FALSE(net::has_bearer_token("Bearer secre", "secret"));
  CHECK_FALSE(net::has_bearer_token("Bearer secret2", "secret"));
  CHECK_FALSE(net::has_bearer_token("Bearer secretsecret", "secret"));
  CHECK_FALSE(net::has_bearer_token("Bearer Secret", "secret"));
  CHECK_FALSE(net::has_bearer_token("Basic secret", "secret"));
  CHECK_FALSE(net::has_bearer_token("secret", "secret"));
  CHECK_FALSE(net::has_bearer_token("", "secret"));
}

TEST_CASE("has_bearer_token is false when no token is configured") {
  CHECK_FALSE(net::has_bearer_token("Bearer ", ""));
  CHECK_FALSE(net::has_bearer_token("", ""));
  CHECK_FALSE(net::has_bearer_token("Bearer x", ""));
}

}  // namespace lastgood::wire
