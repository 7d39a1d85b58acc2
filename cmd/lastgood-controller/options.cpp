#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "codec/values.hpp"
#include "base/text.hpp"

namespace lastgood {

namespace {

constexpr int most_rollbacks = 100'000;
constexpr Duration shortest_within{1'000};
constexpr Duration longest_within{24 * 3'600'000};

Result<Duration> parse_within(const std::string& text) {
  return codec::parse_duration_within(text, shortest_within, longest_within);
}

std::string objection_to_within(const std::string& text) {
  const auto within = parse_within(text);
  return within ? std::string() : within.error().message;
}

void add_breaker(CLI::App& app, Options& o) {
  app.add_option("--breaker-rollbacks", o.breaker_rollbacks,
                 "Hold back every rollback while more Deployments than this fail or were put back at the same time; 0: never")
      ->envname("LASTGOOD_BREAKER_ROLLBACKS")
      ->check(CLI::Range(0, most_rollbacks))
      ->capture_default_str();
  app.add_option("--breaker-percent", o.breaker_percent,
                 "And they are more than this share of the guarded Deployments, in percent")
      ->envname("LASTGOOD_BREAKER_PERCENT")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--breaker-within", [&o](const std::string& text) { o.breaker_within = parse_within(text).value_or(o.breaker_within); },
         "How long a rollback counts, 1s to 24h")
      ->envname("LASTGOOD_BREAKER_WITHIN")
      ->check(CLI::Validator(objection_to_within, "DURATION"))
      ->default_str(format_duration(o.breaker_within));
}

// The validator's words; empty where there is none.
std::string objection_to(CLI::Option& option, std::string value) {
  try {
    return (*option.get_validator(0))(value);
  } catch (const CLI::OptionNotFound&) {
    return {};
  }
}

// Some releases of CLI11 pass over a variable that its option's validator refuses.
void refuse_bad_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string variable = option->get_envname();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
    const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    if (!value || *value == '\0' || option->count() > 0) continue;
    const std::string objection = objection_to(*option, value);
    throw CLI::ValidationError(option->get_name(), variable + " is " + in_quotes(value) + ", which cannot be used" +
                                                       (objection.empty() ? "" : ": " + objection));
  }
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed parsed;
  Options& o = parsed.options;
  CLI::App app{
      "Puts a Deployment back to its last good revision when a release turns out bad, and leaves it alone in every other case."};
  app.set_version_flag("--version", std::string("lastgood-controller ") + LASTGOOD_VERSION);
  app.add_option("--kubeconfig", o.kubeconfig, "Kubeconfig file; without it the pod's own service account is used")
      ->envname("LASTGOOD_KUBECONFIG");
  app.add_option("--context", o.context, "Context of the kubeconfig; without it its current one")->envname("LASTGOOD_CONTEXT");
  app.add_option("--namespaces", o.namespaces, "Namespaces to look after, separated by commas; without it all")
      ->delimiter(',')
      ->envname("LASTGOOD_NAMESPACES");
  app.add_option("--listen", o.listen, "Address and port of /healthz, /readyz and /metrics")
      ->envname("LASTGOOD_LISTEN")
      ->capture_default_str();
  app.add_option("--log-format", o.log_format, "json or text")->envname("LASTGOOD_LOG_FORMAT")->capture_default_str();
  app.add_option("--log-level", o.log_level, "debug, info, warn or error")->envname("LASTGOOD_LOG_LEVEL")->capture_default_str();
  app.add_option("--lease-namespace", o.lease_namespace, "Namespace of the Lease; without it the pod's own, or default")
      ->envname("LASTGOOD_LEASE_NAMESPACE");
  app.add_option("--lease-name", o.lease_name, "Name of the Lease")->envname("LASTGOOD_LEASE_NAME")->capture_default_str();
  app.add_option("--identity", o.identity, "Who we are in the Lease and in Events; without it the host's name and the process id")
      ->envname("LASTGOOD_IDENTITY");
  add_breaker(app, o);
  app.add_flag("--read-secrets", o.read_secrets,
               "Find out whether the Secrets exist that a last good template names; needs the permission to get Secrets")
      ->envname("LASTGOOD_READ_SECRETS");
  try {
    app.parse(argc, argv);
    refuse_bad_environment(app);
    parsed.run = true;
  } catch (const CLI::Error& error) {
    parsed.exit_code = app.exit(error);
  }
  return parsed;
}

}  // namespace lastgood
