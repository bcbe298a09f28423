// Reader and Writer: the messages of a call, one after the other, as a handler of a streaming method sees them.
//
//   RouteSummary record_route(grpc::Reader<Point>& points) {
//     RouteSummary summary;
//     for (const Point& point : points) summary.set_point_count(summary.point_count() + 1);
//     return summary;
//   }
//   void list_features(const Rectangle& area, grpc::Writer<Feature>& features, Atlas& atlas) {
//     for (const Feature& feature : atlas.in(area)) features.write(feature);     // waits while the caller is slow
//   }
//
// A test calls such a function with a Messages<T> on either side:
//
//   grpc::Messages<Point> sent({a, b});
//   EXPECT_EQ(record_route(sent).point_count(), 2);
//
// Waits obey the deadline of the call and end with cancelled once the caller has gone. One fiber may read while another
// writes; where two read, or two write, the second gets failed_precondition.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace marty::grpc {

// Where messages come from and go to. Implemented by calls, and by Messages for tests.
class MessageSource {
 public:
  virtual bool read(google::protobuf::Message& message) = 0;  // false: there are no more, and the message is unchanged

 protected:
  ~MessageSource() = default;
};
class MessageSink {
 public:
  virtual void write(const google::protobuf::Message& message) = 0;
  virtual void flush() = 0;

 protected:
  ~MessageSink() = default;
};

// for (const T& message : reader): of everything that has read(T&). One message is used for all of them.
template <class Source, class T>
class MessageIterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  explicit MessageIterator(Source& source) : source_(&source) { ++*this; }
  const T& operator*() const noexcept { return message_; }
  MessageIterator& operator++() {
    if (!source_->read(message_)) source_ = nullptr;
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const noexcept { return source_ == nullptr; }

 private:
  Source* source_;
  T message_;
};

template <class T>
class Reader {
 public:
  explicit Reader(MessageSource& source) : source_(source) {}

  // The next message, into one that may be used again; false at the end. Throws Error: cancelled, deadline_exceeded,
  // invalid_argument (not a T), resource_exhausted (too large), failed_precondition (another fiber is reading).
  bool read(T& message) { return source_.read(message); }
  MessageIterator<Reader, T> begin() { return MessageIterator<Reader, T>(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  MessageSource& source_;
};

template <class T>
class Writer {
 public:
  explicit Writer(MessageSink& sink) : sink_(sink) {}

  // Waits while 64 KiB are on their way and the other side is slow. Throws Error: cancelled, deadline_exceeded,
  // failed_precondition (another fiber is writing).
  void write(const T& message) { sink_.write(message); }
  // Now, not just when this fiber next waits.
  void flush() { sink_.flush(); }

 private:
  MessageSink& sink_;
};

// Messages in memory, for tests of handlers: read from the beginning, written to the end.
template <class T>
class Messages final : public MessageSource, public MessageSink {
 public:
  Messages() = default;
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  explicit Messages(std::vector<T> messages) : all(std::move(messages)) {}

  bool read(google::protobuf::Message& message) override {
    if (next_ == all.size()) return false;
    static_cast<T&>(message) = all[next_++];
    return true;
  }
  void write(const google::protobuf::Message& message) override { all.push_back(static_cast<const T&>(message)); }
  void flush() override {}

  operator Reader<T>&() noexcept { return reader_; }
  operator Writer<T>&() noexcept { return writer_; }

  std::vector<T> all;

 private:
  std::size_t next_ = 0;
  Reader<T> reader_{*this};
  Writer<T> writer_{*this};
};

}  // namespace marty::grpc
