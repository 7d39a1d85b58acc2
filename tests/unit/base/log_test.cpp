// A log entry with any bytes is always one line. In JSON format it is valid JSON.
#include "base/log.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using namespace lastgood;
using namespace std::string_literals;
using namespace std::chrono_literals;

namespace {

const Time noon{Duration{1795521600250}};  // 2026-11-24T12:00:00.250Z

}  // namespace

TEST_CASE("writes time, level, message and typed fields in a JSON line") {
  const std::string line = log::json_line(noon, log::Level::Info, "rolled back",
                                          {{"deployment", "shop/web"},
                                           {"failures", 3},
                                           {"ratio", 0.5},
                                           {"dry", false},
                                           {"took", 1500ms}});
  CHECK(line == R"({"time":"2026-11-24T12:00:00.250000Z","level":"info","msg":"rolled back",)"
                R"("deployment":"shop/web","failures":3,"ratio":0.5,"dry":false,"took":"1.5s"})");
}

TEST_CASE("writes one valid JSON line when message, names and values have unsafe bytes") {
  const std::string unsafe = "a\"b\\c\n{\"level\":\"error\"}\x01\xff\0z"s;
  const std::string line = log::json_line(
      noon, log::Level::Warn, unsafe,
      {{"unsafe", unsafe}, {"nan", std::numeric_limits<double>::quiet_NaN()}, {unsafe, "x"}});
  CHECK(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  REQUIRE(json.is_object());
  CHECK(json["level"] == "warn");
  CHECK(json["msg"].get<std::string>().starts_with("a\"b\\c\n{"));
  CHECK(json["nan"] == "nan");
}

TEST_CASE("renames a JSON field that would replace time, level or msg") {
  const auto json = nlohmann::json::parse(log::json_line(
      noon, log::Level::Error, "m", {{"time", "later"}, {"level", "debug"}, {"msg", "other"}}));
  CHECK(json["time"] == "2026-11-24T12:00:00.250000Z");
  CHECK(json["level"] == "error");
  CHECK(json["msg"] == "m");
  CHECK(json["field.time"] == "later");
  CHECK(json["field.level"] == "debug");
  CHECK(json["field.msg"] == "other");
}

TEST_CASE("writes one text line, with quotes around empty values and values with spaces") {
  CHECK(
      log::text_line(noon, log::Level::Info, "rolled back",
                     {{"deployment", "shop/web"}, {"reason", "3 of 3"}, {"empty", ""}}) ==
      R"(2026-11-24T12:00:00.250000Z info  rolled back deployment=shop/web reason="3 of 3" empty="")");
  CHECK(log::text_line(noon, log::Level::Info, "a\nb", {{"c", "d\ne"}}).find('\n') ==
        std::string::npos);
}

TEST_CASE("parses log levels and formats, and lists the valid ones in the error") {
  CHECK(log::parse_level("debug") == log::Level::Debug);
  CHECK(log::parse_level("error") == log::Level::Error);
  CHECK(log::parse_level("loud").error().message ==
        R"("loud" is not a log level: use debug, info, warn or error)");
  CHECK(log::parse_format("json") == log::Format::Json);
  CHECK(log::parse_format("xml").error().message ==
        R"("xml" is not a log format: use json or text)");
}
