// TestAuthority: a certificate authority for tests – of this tree and of services – that writes PEM files.
//
//   tls::TestAuthority authority("Test CA");
//   tls::CertificateFiles shop = authority.issue(folder, {.subject = "shop", .dns_names = {"localhost"}});
//   authority.write(folder / "ca.pem");
//
// Its clock is that of the current world. Keys are on P-256: making one takes less than a millisecond.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "marty/runtime/time.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls {

struct TestCertificate {
  std::string subject = "test";  // the common name; also names the files: subject.pem, subject.key
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::vector<std::string> uris;
  runtime::Duration valid_from = -std::chrono::hours(1);  // from now
  runtime::Duration valid_for = std::chrono::hours(24);   // from now
  bool for_servers = true;                                // extended key usage
  bool for_clients = true;
};

class TestAuthority {
 public:
  explicit TestAuthority(std::string name = "Marty test authority");
  TestAuthority(TestAuthority&& other) noexcept;
  ~TestAuthority();

  // An authority that this one vouches for. What it issues comes with its own certificate behind the leaf.
  TestAuthority subordinate(std::string name) const;

  void write(const std::filesystem::path& file) const;  // its own certificate, PEM
  // Replaces the two files, each as a whole; the key with mode 0600. Throws as runtime::write_file() does.
  CertificateFiles issue(const std::filesystem::path& folder, const TestCertificate& certificate) const;

 private:
  class State;
  explicit TestAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace marty::tls
