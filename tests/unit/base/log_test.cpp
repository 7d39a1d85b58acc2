// A log line is one line of valid JSON, or one readable line, whatever a pod or a person put into the values.
#include "base/log.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using namespace lastgood;
using namespace std::string_literals;
using namespace std::chrono_literals;

namespace {

const Time noon{Duration{1795521600250}};

}  // namespace

TEST_CASE("A JSON line carries time, level, message and the fields with their types") {
  const std::string line =
      log::json_line(noon, log::Level::Info, "rolled back",
                     {{"deployment", "shop/web"}, {"failures", 3}, {"ratio", 0.5}, {"dry", false}, {"took", 1500ms}});
  CHECK(line == R"({"time":"2026-11-24T12:00:00.250000Z","level":"info","msg":"rolled back",)"
                R"("deployment":"shop/web","failures":3,"ratio":0.5,"dry":false,"took":"1.5s"})");
}

TEST_CASE("A JSON line stays one valid line whatever bytes come in") {
  const std::string evil = "a\"b\\c\n{\"level\":\"error\"}\x01\xff\0z"s;
  const std::string line = log::json_line(noon, log::Level::Warn, evil,
                                          {{"evil", evil}, {"nan", std::numeric_limits<double>::quiet_NaN()}, {evil, "x"}});
  CHECK(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  REQUIRE(json.is_object());
  CHECK(json["level"] == "warn");
  CHECK(json["msg"].get<std::string>().starts_with("a\"b\\c\n{"));
  CHECK(json["nan"] == "nan");
}

TEST_CASE("A field cannot hide the time, the level or the message") {
  const auto json = nlohmann::json::parse(log::json_line(noon, log::Level::Error, "m", {{"level", "debug"}, {"msg", "other"}}));
  CHECK(json["level"] == "error");
  CHECK(json["msg"] == "m");
  CHECK(json["field.level"] == "debug");
  CHECK(json["field.msg"] == "other");
}

TEST_CASE("A text line quotes what would be read wrongly") {
  CHECK(log::text_line(noon, log::Level::Info, "rolled back", {{"deployment", "shop/web"}, {"why", "3 of 3"}, {"empty", ""}}) ==
        R"(2026-11-24T12:00:00.250000Z info  rolled back deployment=shop/web why="3 of 3" empty="")");
  CHECK(log::text_line(noon, log::Level::Info, "a\nb", {{"c", "d\ne"}}).find('\n') == std::string::npos);
}

TEST_CASE("A level and a format are read from a word, and a wrong one names those that exist") {
  CHECK(log::parse_level("debug") == log::Level::Debug);
  CHECK(log::parse_level("error") == log::Level::Error);
  CHECK(log::parse_level("loud").error().message == R"("loud" is not a log level: debug, info, warn or error)");
  CHECK(log::parse_format("json") == log::Format::Json);
  CHECK(log::parse_format("xml").error().message == R"("xml" is not a log format: json or text)");
}
