#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "base/text.hpp"
#include "codec/values.hpp"

namespace lastgood {

namespace {

constexpr int max_deployments = 100'000;
constexpr Duration min_breaker_within{1'000};
constexpr Duration max_breaker_within{24 * 3'600'000};

Result<Duration> parse_breaker_within(const std::string& text) {
  return codec::parse_duration_within(text, min_breaker_within, max_breaker_within);
}

std::string validate_breaker_within(const std::string& text) {
  const auto within = parse_breaker_within(text);
  return within ? std::string() : within.error().message;
}

constexpr std::size_t help_columns = 80;

// Wraps a text at help_columns. Each line has this indentation.
std::string wrapped(const std::string& text, const std::string& indentation) {
  std::string out;
  std::string line = indentation;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > help_columns && line != indentation) {
      out += line + "\n";
      line = indentation;
    }
    line += (line == indentation ? "" : " ") + word;
  }
  return out + line + "\n";
}

// Prints each flag on its own line. The lines below it have the description, the default and the
// environment variable.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return wrapped(app->get_description(), "") + "\n";
  }
  std::string make_option(const CLI::Option* option, bool) const override {
    std::string flag = "  " + option->get_name(false, true);
    if (const std::string type = option->get_type_name(); !type.empty()) flag += " " + type;
    std::string details;
    if (const std::string value = option->get_default_str(); !value.empty())
      details += "Default: " + value + ". ";
    if (const std::string variable = option->get_envname(); !variable.empty())
      details += "Environment variable: " + variable + ".";
    const std::string indentation = "      ";
    return flag + "\n" + wrapped(option->get_description(), indentation) +
           (details.empty() ? "" : wrapped(details, indentation));
  }
};

void add_api_server(CLI::App& app, Options& o) {
  app.add_option("--kubeconfig", o.kubeconfig,
                 "Path to a kubeconfig file. Without it, the controller uses the service account "
                 "of its pod.")
      ->type_name("FILE")
      ->envname("LASTGOOD_KUBECONFIG");
  app.add_option("--context", o.context,
                 "Context in the kubeconfig file. Default: current-context.")
      ->type_name("NAME")
      ->envname("LASTGOOD_CONTEXT");
  app.add_option("--namespaces", o.namespaces,
                 "Namespaces to watch, separated by commas. Default: all namespaces.")
      ->type_name("NAMESPACES")
      ->delimiter(',')
      ->envname("LASTGOOD_NAMESPACES");
}

void add_output(CLI::App& app, Options& o) {
  app.add_option("--listen", o.listen,
                 "Address and port that serve /healthz, /readyz and /metrics.")
      ->type_name("ADDRESS:PORT")
      ->envname("LASTGOOD_LISTEN")
      ->capture_default_str();
  app.add_option("--log-format", o.log_format, "Log format: json or text.")
      ->type_name("FORMAT")
      ->envname("LASTGOOD_LOG_FORMAT")
      ->capture_default_str();
  app.add_option("--log-level", o.log_level, "Lowest level to log: debug, info, warn or error.")
      ->type_name("LEVEL")
      ->envname("LASTGOOD_LOG_LEVEL")
      ->capture_default_str();
}

void add_leader_election(CLI::App& app, Options& o) {
  app.add_option("--lease-namespace", o.lease_namespace,
                 "Namespace of the Lease for leader election. Default: the namespace of the pod "
                 "or of the kubeconfig context, or \"default\".")
      ->type_name("NAMESPACE")
      ->envname("LASTGOOD_LEASE_NAMESPACE");
  app.add_option("--lease-name", o.lease_name, "Name of the Lease for leader election.")
      ->type_name("NAME")
      ->envname("LASTGOOD_LEASE_NAME")
      ->capture_default_str();
  app.add_option("--identity", o.identity,
                 "Identity of this replica in the Lease and in Events. Default: the host name and "
                 "the process ID.")
      ->type_name("NAME")
      ->envname("LASTGOOD_IDENTITY");
}

void add_breaker(CLI::App& app, Options& o) {
  app.add_option("--breaker-rollbacks", o.breaker_rollbacks,
                 "Maximum number of Deployments that may fail or be rolled back at the same time. "
                 "If this number and --breaker-percent are both exceeded, the breaker holds all "
                 "automatic rollbacks. 0 disables the breaker.")
      ->envname("LASTGOOD_BREAKER_ROLLBACKS")
      ->type_name("NUMBER")
      ->check(CLI::Range(0, max_deployments).description(""))
      ->capture_default_str();
  app.add_option("--breaker-percent", o.breaker_percent,
                 "Maximum share of the guarded Deployments that may fail or be rolled back at the "
                 "same time, in percent. The breaker opens only if --breaker-rollbacks is exceeded "
                 "too.")
      ->envname("LASTGOOD_BREAKER_PERCENT")
      ->type_name("PERCENT")
      ->check(CLI::Range(0, 100).description(""))
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--breaker-within",
         [&o](const std::string& text) {
           o.breaker_within = parse_breaker_within(text).value_or(o.breaker_within);
         },
         "The time for which a failure or a rollback counts for the breaker. The breaker closes "
         "this long after both limits were last exceeded together. From 1s to 24h.")
      ->envname("LASTGOOD_BREAKER_WITHIN")
      ->type_name("DURATION")
      ->check(CLI::Validator(validate_breaker_within, ""))
      ->default_str(format_duration(o.breaker_within));
}

void add_shared_cause(CLI::App& app, Options& o) {
  app.add_option("--shared-cause-deployments", o.shared_cause_deployments,
                 "If no old pod passes a breached check, and at least this number of other guarded "
                 "Deployments began to fail within a minute of it, the release is held with "
                 "SharedCause. 0: other Deployments never hold a release.")
      ->envname("LASTGOOD_SHARED_CAUSE_DEPLOYMENTS")
      ->type_name("NUMBER")
      ->check(CLI::Range(0, max_deployments).description(""))
      ->capture_default_str();
  app.add_option("--shared-cause-percent", o.shared_cause_percent,
                 "The other Deployments must also be at least this share of the guarded "
                 "Deployments, in percent. In a large cluster, a few failures in a minute are "
                 "chance.")
      ->envname("LASTGOOD_SHARED_CAUSE_PERCENT")
      ->type_name("PERCENT")
      ->check(CLI::Range(0, 100).description(""))
      ->capture_default_str();
}

std::string validate_url(const std::string& text) {
  const auto url = codec::parse_http_url(text);
  return url ? std::string() : url.error().message;
}

void add_metrics(CLI::App& app, Options& o) {
  app.add_option(
         "--prometheus-address", o.prometheus_address,
         "URL of a server with the HTTP API of Prometheus, for checks that name no address. "
         "Default: none.")
      ->type_name("URL")
      ->envname("LASTGOOD_PROMETHEUS_ADDRESS")
      ->check(CLI::Validator(validate_url, ""));
  app.add_option("--prometheus-credentials", o.prometheus_credentials,
                 "Folder with the credentials for --prometheus-address: one file for each key, "
                 "such as a mounted Secret. They are sent to no other address. Default: none.")
      ->type_name("FOLDER")
      ->envname("LASTGOOD_PROMETHEUS_CREDENTIALS");
}

void add_alerts(CLI::App& app, Options& o) {
  auto* const listen =
      app.add_option("--alerts-listen", o.alerts_listen,
                     "Address and port on which Alertmanager's webhook is received, at the path "
                     "/alertmanager. Default: it is not received.")
          ->type_name("ADDRESS:PORT")
          ->envname("LASTGOOD_ALERTS_LISTEN");
  auto* const token =
      app.add_option("--alerts-token-file", o.alerts_token_file,
                     "File with the bearer token that Alertmanager must send. The file may change.")
          ->type_name("FILE")
          ->envname("LASTGOOD_ALERTS_TOKEN_FILE");
  listen->needs(token);
}

// The message of the option's validator. Empty if the value is valid or the option has no
// validator.
std::string validation_error(CLI::Option& option, std::string value) {
  try {
    return (*option.get_validator(0))(value);
  } catch (const CLI::OptionNotFound&) {
    return {};
  }
}

// Some releases of CLI11 ignore an environment variable that the validator of the option rejects.
// Fail as for a flag with this value.
void validate_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string variable = option->get_envname();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
    const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    if (!value || *value == '\0' || option->count() > 0) continue;
    const std::string problem = validation_error(*option, value);
    throw CLI::ValidationError(option->get_name(), "invalid value " + in_quotes(value) + " of " +
                                                       variable +
                                                       (problem.empty() ? "" : ": " + problem));
  }
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed parsed;
  Options& o = parsed.options;
  CLI::App app{
      "The Lastgood controller watches Deployments and evaluates each new release. It rolls a "
      "Deployment back to its last good revision if the release is bad."};
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Print this help.");
  app.set_version_flag("--version", std::string("lastgood-controller ") + LASTGOOD_VERSION,
                       "Print the version.");
  add_api_server(app, o);
  add_output(app, o);
  add_leader_election(app, o);
  add_breaker(app, o);
  add_shared_cause(app, o);
  app.add_flag("--read-secrets", o.read_secrets,
               "Check before a rollback that the Secrets of the last good template exist. The "
               "controller needs permission to get Secrets.")
      ->envname("LASTGOOD_READ_SECRETS");
  add_metrics(app, o);
  add_alerts(app, o);
  try {
    app.parse(argc, argv);
    validate_environment(app);
    parsed.run = true;
  } catch (const CLI::Error& error) {
    parsed.exit_code = app.exit(error);
  }
  return parsed;
}

}  // namespace lastgood
