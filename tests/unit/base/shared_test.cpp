#include "base/shared.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace lastgood::test {

TEST_CASE("copies of a Shared have one object until one of them is changed") {
  Shared<std::string> first(std::string("one"));
  Shared<std::string> second = first;
  CHECK(second.shares_with(first));
  second.edit() += " and two";
  CHECK_FALSE(second.shares_with(first));
  CHECK(*first == "one");
  CHECK(*second == "one and two");
}

TEST_CASE("a Shared that has its object alone is changed in place") {
  Shared<std::string> only(std::string("one"));
  const std::string* object = &*only;
  only.edit() = "two";
  CHECK(&*only == object);
}

TEST_CASE("a Shared that was not set has the default value, and its change is not seen by others") {
  Shared<std::string> first;
  const Shared<std::string> second;
  CHECK(first.shares_with(second));
  first.edit() = "one";
  CHECK(second->empty());
  CHECK(Shared<std::string>()->empty());
}

TEST_CASE("a Shared has a value after it was moved from") {
  Shared<std::string> first(std::string("one"));
  const Shared<std::string> second = std::move(first);
  CHECK(*second == "one");
  CHECK(*first == "one");  // NOLINT(bugprone-use-after-move): this is what the test is about
}

TEST_CASE("two Shared are equal when their values are equal") {
  const Shared<std::string> one(std::string("x"));
  const Shared<std::string> two(std::string("x"));
  CHECK(one == two);
  CHECK(one == std::string("x"));
  CHECK_FALSE(one == std::string("y"));
}

TEST_CASE("copies of a SharedOptional have one object until one of them is changed") {
  SharedOptional<std::string> first;
  CHECK_FALSE(first);
  CHECK_FALSE(first.copy());
  first = std::string("one");
  SharedOptional<std::string> second = first;
  second.edit() = "two";
  CHECK(*first == "one");
  CHECK(second.copy() == "two");
  second.reset();
  CHECK_FALSE(second.has_value());
  CHECK(first.has_value());
}

}  // namespace lastgood::test
