#include "marty/grpc/client.hpp"

#include "marty/grpc/internal/client_call.hpp"

namespace marty::grpc {

ClientStreamBase::ClientStreamBase(Channel& channel, const Method& method, const CallOptions& options)
    : call_(std::make_unique<internal::ClientCall>(internal::ClientCall::channel_of(channel), method, options,
                                                   std::nullopt)) {}
ClientStreamBase::ClientStreamBase(ClientStreamBase&&) noexcept = default;
ClientStreamBase& ClientStreamBase::operator=(ClientStreamBase&&) noexcept = default;
ClientStreamBase::~ClientStreamBase() = default;

void ClientStreamBase::cancel() noexcept { call_->cancel(); }
void ClientStreamBase::compress(bool on) noexcept { call_->compress(on); }

bool ClientStreamBase::send(const google::protobuf::Message& message) { return call_->send(message); }
void ClientStreamBase::finish_sending() { call_->finish_sending(); }
bool ClientStreamBase::receive(google::protobuf::Message& message) { return call_->receive(message); }
void ClientStreamBase::receive_unary(google::protobuf::Message& message) { call_->receive_unary(message); }

}  // namespace marty::grpc
