#include "checks/pem.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

const std::string certificate =
    "-----BEGIN CERTIFICATE-----\nTUlJ\nQg==\n-----END CERTIFICATE-----\n";
const std::string key = "-----BEGIN PRIVATE KEY-----\nTUlJ\n-----END PRIVATE KEY-----\n";

}  // namespace

TEST_CASE("certificates_problem accepts a chain, and text around its certificates") {
  CHECK(certificates_problem(certificate) == "");
  CHECK(certificates_problem("subject: a\n" + certificate + "\nsubject: b\n" + certificate) == "");
}

TEST_CASE("certificates_problem says why a text is not a certificate") {
  CHECK(certificates_problem("hello") ==
        R"(is not a certificate in PEM: it has no "-----BEGIN CERTIFICATE-----")");
  CHECK(certificates_problem(key) ==
        R"(is not a certificate in PEM: it has no "-----BEGIN CERTIFICATE-----")");
  CHECK(certificates_problem("-----BEGIN CERTIFICATE-----\nTUlJ\n") ==
        R"(is PEM without an end: a line "-----END ...-----" is missing)");
  CHECK(certificates_problem("-----BEGIN ") ==
        R"(is PEM without an end: a line "-----END ...-----" is missing)");
  CHECK(certificates_problem("-----BEGIN CERTIFICATE-----\n#\n-----END CERTIFICATE-----") ==
        "has a certificate that is not base64");
  CHECK(certificates_problem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----") ==
        "has a certificate that is not base64");
}

TEST_CASE("private_key_problem accepts the keys of OpenSSL") {
  CHECK(private_key_problem(key) == "");
  CHECK(private_key_problem("-----BEGIN EC PARAMETERS-----\nBgg=\n-----END EC PARAMETERS-----\n"
                            "-----BEGIN EC PRIVATE KEY-----\nTUlJ\n-----END EC PRIVATE KEY-----") ==
        "");
}

TEST_CASE("private_key_problem says why a text is not a key") {
  CHECK(private_key_problem(certificate) ==
        R"(is not a private key in PEM: it has no "-----BEGIN PRIVATE KEY-----")");
  CHECK(private_key_problem(key + key) == "has several private keys, expected one");
  CHECK(private_key_problem("-----BEGIN ENCRYPTED PRIVATE KEY-----\nTUlJ\n"
                            "-----END ENCRYPTED PRIVATE KEY-----") ==
        "is a private key with a password; use a key without a password");
  CHECK(private_key_problem("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nTUlJ\n"
                            "-----END RSA PRIVATE KEY-----") ==
        "is a private key with a password; use a key without a password");
  CHECK(private_key_problem("-----BEGIN PRIVATE KEY-----\nTU\n-----END PRIVATE KEY-----") ==
        "has a private key that is not base64");
}

}  // namespace lastgood::checks::test
