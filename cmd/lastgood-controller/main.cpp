// Entry point of the controller: flags, logging, start.
#include <cstdio>

#include "base/log.hpp"
#include "options.hpp"
#include "wire.hpp"

int main(int argc, char** argv) {
  const lastgood::Parsed parsed = lastgood::parse_options(argc, argv);
  if (!parsed.run) return parsed.exit_code;
  const auto format = lastgood::log::parse_format(parsed.options.log_format);
  const auto level = lastgood::log::parse_level(parsed.options.log_level);
  if (!format) {
    std::fprintf(stderr, "--log-format: %s\n", format.error().message.c_str());
    return 2;
  }
  if (!level) {
    std::fprintf(stderr, "--log-level: %s\n", level.error().message.c_str());
    return 2;
  }
  lastgood::log::set_up(*format, *level);
  return lastgood::run_controller(parsed.options);
}
