// What the plugin writes compiles, and says what the .proto says: names that C++ has for itself get an underscore.
#include <gtest/gtest.h>

#include "names.marty.hpp"

namespace names::v1 {
namespace {

using marty::grpc::Idempotency;
using marty::grpc::MethodKind;

TEST(GeneratedNames, are_those_of_the_proto) {
  std::vector<std::string> said;
  Named service{.get_http_part = [](const Thing& thing) { return thing.part(); },
                .delete_ = [](const Thing&) {},
                .co_await_ = [](const Thing&, marty::grpc::Writer<Thing>&) {},
                .constexpr_ = [](marty::grpc::Reader<Thing>&) { return Thing(); },
                .add_to_ = [](marty::grpc::Reader<Thing>&, marty::grpc::Writer<Thing>&) {},
                .list_v2 = [](const Thing& thing) { return thing; }};
  service.for_each_method([&](const marty::grpc::Method& method, auto& slot) {
    said.push_back(std::string(method.path) + (slot.take() ? "" : " (none)"));
  });
  EXPECT_EQ(said, (std::vector<std::string>{"/names.v1.Named/GetHTTPPart", "/names.v1.Named/Delete",
                                            "/names.v1.Named/Co_Await", "/names.v1.Named/Constexpr",
                                            "/names.v1.Named/AddTo", "/names.v1.Named/list_v2"}));
}

TEST(GeneratedNames, tell_kind_summary_and_idempotency) {
  const auto& methods = Named::kMethods;
  EXPECT_EQ(methods[0].summary, "Gets a \"part\", e.g. a small one");
  EXPECT_EQ(methods[0].idempotency, Idempotency::no_side_effects);
  EXPECT_EQ(methods[1].idempotency, Idempotency::idempotent);
  EXPECT_EQ(methods[2].idempotency, Idempotency::unknown);
  EXPECT_EQ(methods[2].summary, "Not sure what for");
  EXPECT_EQ(methods[2].kind, MethodKind::server_streaming);
  EXPECT_EQ(methods[3].kind, MethodKind::client_streaming);
  EXPECT_EQ(methods[4].kind, MethodKind::bidi_streaming);
  EXPECT_EQ(methods[5].kind, MethodKind::unary);
}

TEST(GeneratedNames, a_service_without_methods_is_one) { EXPECT_EQ(Without::kName, "names.v1.Without"); }

}  // namespace
}  // namespace names::v1
