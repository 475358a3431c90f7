#pragma once

// A client that can misbehave: sends bytes as they are, and reads what comes back.

#include <string>
#include <string_view>

#include <boost/asio.hpp>

namespace ringrift::tests {

class RawHttp {
  public:
    explicit RawHttp(int port) : socket_(context_) {
        socket_.connect(
            {boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
    }

    /// False when the other end has closed.
    bool send(std::string_view bytes) {
        boost::system::error_code error;
        boost::asio::write(socket_, boost::asio::buffer(bytes), error);
        return !error;
    }

    /// Reads until `mark` has arrived; what came so far when the other end closes before.
    std::string read_until(std::string_view mark) {
        while (received_.find(mark) == std::string::npos && read_some()) continue;
        const auto end = received_.find(mark);
        const std::size_t count = end == std::string::npos ? received_.size() : end + mark.size();
        std::string text = received_.substr(0, count);
        received_.erase(0, count);
        return text;
    }

    /// Reads to the end.
    std::string rest() {
        while (read_some()) continue;
        return std::exchange(received_, {});
    }

    /// Head and body of one answer, as its Content-Length says.
    std::string answer() {
        std::string head = read_until("\r\n\r\n");
        const auto at = head.find("Content-Length: ");
        if (at == std::string::npos) return head;
        const std::size_t length = std::stoul(head.substr(at + 16));
        while (received_.size() < length && read_some()) continue;
        head += received_.substr(0, length);
        received_.erase(0, length);
        return head;
    }

    boost::asio::ip::tcp::socket& socket() { return socket_; }

  private:
    bool read_some() {
        char bytes[16 * 1024];
        boost::system::error_code error;
        const std::size_t count = socket_.read_some(boost::asio::buffer(bytes), error);
        received_.append(bytes, count);
        return !error;
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_;
    std::string received_;
};

/// One request on a connection of its own; the whole answer.
inline std::string fetch(int port, std::string_view request) {
    RawHttp client(port);
    client.send(request);
    return client.answer();
}

inline int status_of(std::string_view answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(std::string(answer.substr(9, 3))) : 0;
}

inline std::string body_of(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

inline std::string get(int port, std::string_view target, std::string_view headers = {}) {
    return fetch(port, "GET " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                           std::string(headers) + "\r\n");
}

inline std::string post(int port, std::string_view target, std::string_view headers = {},
                        std::string_view body = {}) {
    return fetch(port, "POST " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                           std::string(headers) + "Content-Length: " + std::to_string(body.size()) +
                           "\r\n\r\n" + std::string(body));
}

}  // namespace ringrift::tests
