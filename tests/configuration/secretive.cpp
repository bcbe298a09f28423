// A service that has secrets and does everything with them that must not show them: leak_test.py reads all it says.
#include <exception>

#include "marty/base/error.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/log.hpp"
#include "vault/vault.hpp"

namespace {

using namespace marty;

struct Mail {
  std::string relay = "localhost";
  Secret password;
  std::string url;  // with a secret in it
  int port = 25;
  std::vector<Secret> old_passwords;
  static constexpr auto rules =
      marty::rules(marty::field<&Mail::password>.reloadable(), marty::field<&Mail::url>.reloadable().optional(),
                   marty::field<&Mail::port>.reloadable(), marty::field<&Mail::old_passwords>.optional().reloadable());
};

// What a form sends.
struct Login {
  std::string user;
  Secret password;
};
struct Welcome {
  std::string user;
  bool known = false;
  std::optional<Secret> session;  // left out of the reply
};

}  // namespace

int main(int argc, char** argv) {
  Service service("secretive", argc, argv);
  service.secret_store("vault", vault::store);
  service.configure<Mail>("mail");
  service.post(
      "/login",
      [](Body<Login> login, const Mail& mail) {
        const bool known = login->password == mail.password;
        log::info("login", {{"user", login->user}, {"known", known}});
        return Welcome{login->user, known, mail.password};
      },
      "Log in");
  service.get(
      "/fail",
      [](const Mail& mail) -> Welcome {
        if (mail.password.empty()) return {};
        throw Error(Code::unavailable, "the relay refuses", std::current_exception());
      },
      "Fail");
  service.post(
      "/reload",
      [&service] {
        service.reload("a request");
        return Welcome{};
      },
      "Reload");
  return service.run();
}
