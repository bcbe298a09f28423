#include "marty/grpc/client.hpp"

#include "marty/grpc/internal/client_call.hpp"

namespace marty::grpc {

ClientStreamBase::ClientStreamBase(Channel& channel, const Method& method, const CallOptions& options)
    : call_(std::make_unique<internal::ClientCall>(internal::ClientCall::channel_of(channel), method, options,
                                                   std::nullopt)) {}
ClientStreamBase::ClientStreamBase(ClientStreamBase&&) noexcept = default;
ClientStreamBase& ClientStreamBase::operator=(ClientStreamBase&&) noexcept = default;
ClientStreamBase::~ClientStreamBase() = default;

std::string_view ClientStreamBase::metadata(std::string_view name) const { return call_->metadata(name); }
std::string_view ClientStreamBase::trailing_metadata(std::string_view name) const {
  return call_->trailing_metadata(name);
}
void ClientStreamBase::cancel() noexcept { call_->cancel(); }
void ClientStreamBase::compress(bool on) noexcept { call_->compress(on); }

bool ClientStreamBase::send(const google::protobuf::Message& message) { return call_->send(message); }
void ClientStreamBase::finish_sending() { call_->finish_sending(); }
bool ClientStreamBase::receive(google::protobuf::Message& message) { return call_->receive(message); }
void ClientStreamBase::receive_only(google::protobuf::Message& message) { call_->receive_only(message); }

}  // namespace marty::grpc
