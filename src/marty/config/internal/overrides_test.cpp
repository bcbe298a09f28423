#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "marty/config/config.hpp"

namespace marty::config {
namespace {

struct Tls {
  std::string certificate;
};
struct Server {
  int http_port = 8080;
  std::optional<Tls> tls;
};

TEST(Warnings, name_variables_that_look_like_settings_but_set_nothing) {
  Tree tree = parse("", "f.yaml",
                    {{"MARTY_SERVER_HTTP_PORT", "9000"},
                     {"MARTY_SERVER_TLS_CERTIFICATE", "c"},
                     {"MARTY_SERVER_SERVICE_HOST", "10.0.0.7"},
                     {"MARTY_ENV", "testing"}});
  static_cast<void>(tree.bind<Server>("server"));
  tree.finish();
  EXPECT_EQ(tree.warnings(),
            (std::vector<std::string>{
                "MARTY_SERVER_HTTP_PORT sets nothing; did you mean MARTY_SERVER__HTTP_PORT?",
                "MARTY_SERVER_TLS_CERTIFICATE sets nothing; did you mean MARTY_SERVER__TLS__CERTIFICATE?"}));
}

TEST(Variables, write_an_underscore_where_a_key_has_a_hyphen) {
  Tree tree = parse("my-section: {some-key: 1}", "f.yaml", {{"MARTY_MY_SECTION__SOME_KEY", "2"}});
  const auto section = tree.bind<std::map<std::string, int>>("my-section");
  EXPECT_EQ(section.at("some-key"), 2);
  tree.finish();
}

}  // namespace
}  // namespace marty::config
