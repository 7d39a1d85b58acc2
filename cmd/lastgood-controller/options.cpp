#include "options.hpp"

#include <CLI/CLI.hpp>

namespace lastgood {

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
  try {
    app.parse(argc, argv);
    parsed.run = true;
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error);
  }
  return parsed;
}

}  // namespace lastgood
