#include "projections/postgres.hpp"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <pqxx/pqxx>

namespace ringrift::projections {
namespace {

using Why = PostgresTrouble::Why;

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

Options parsed(const std::string& url) {
    char* problem = nullptr;
    Options options(PQconninfoParse(url.c_str(), &problem));
    PQfreemem(problem);  // It quotes the text, and with it the password.
    return options;
}

std::string value_of(const Options& options, std::string_view name) {
    for (const PQconninfoOption* at = options.get(); at != nullptr && at->keyword; ++at) {
        if (at->keyword == name && at->val != nullptr) return at->val;
    }
    return {};
}

void add_option(std::string& text, std::string_view name, std::string_view value) {
    text.append(text.empty() ? "" : " ").append(name).append("='");
    for (const char letter : value) {
        if (letter == '\'' || letter == '\\') text += '\\';
        text += letter;
    }
    text += '\'';
}

/// What was asked for, and what it leaves open: a dead server is noticed in seconds, not hours.
std::string connection_text(const PostgresAddress& address, const Options& options) {
    constexpr std::pair<std::string_view, std::string_view> defaults[] = {
        {"application_name", "ringrift"}, {"client_encoding", "UTF8"},  {"connect_timeout", "5"},
        {"keepalives_idle", "10"},        {"keepalives_interval", "5"}, {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"}};
    std::string text;
    for (const PQconninfoOption* at = options.get(); at->keyword != nullptr; ++at) {
        const bool is_ours = std::string_view(at->keyword) == "options";
        if (at->val != nullptr && !is_ours) add_option(text, at->keyword, at->val);
    }
    for (const auto& [name, value] : defaults) {
        if (value_of(options, name).empty()) add_option(text, name, value);
    }
    // The position is in the transaction of the rows, so a commit that is lost is done again.
    add_option(text, "options",
               value_of(options, "options") + " -c search_path=" + address.schema +
                   " -c synchronous_commit=off -c timezone=UTC -c standard_conforming_strings=on");
    return text;
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

Why why_of(std::string_view state) {
    const auto is_class = [&](std::string_view code) { return state.starts_with(code); };
    if (is_class("08") || is_class("53") || is_class("57P") || is_class("40") ||
        is_class("55P03") || is_class("58") || state.empty())
        return Why::unavailable;
    if (is_class("28") || is_class("42501") || is_class("3D000") || is_class("25006"))
        return Why::refused;
    return Why::rejected;
}

PostgresTrouble trouble_of(const std::exception& exception) {
    const std::string what = one_line(exception.what());
    if (const auto* error = dynamic_cast<const pqxx::sql_error*>(&exception)) {
        return {why_of(error->sqlstate()), "PostgreSQL says: " + what};
    }
    if (dynamic_cast<const pqxx::broken_connection*>(&exception) != nullptr ||
        dynamic_cast<const pqxx::in_doubt_error*>(&exception) != nullptr ||
        dynamic_cast<const pqxx::transaction_rollback*>(&exception) != nullptr) {
        return {Why::unavailable, "the connection to PostgreSQL was lost: " + what};
    }
    return {Why::rejected, "libpqxx says: " + what};
}

// The shim between libpqxx 6 (Debian 12) and 7 (Debian 13): run, script, copy.

#if PQXX_VERSION_MAJOR >= 7

pqxx::result run_on(pqxx::work& work, const std::string& sql,
                    std::span<const PostgresWork::Value> values) {
    pqxx::params parameters;
    for (const char* value : values) parameters.append(value);
    return work.exec(sql, parameters);
}

class CopyStream {
  public:
    CopyStream(pqxx::work& work, const std::string& table, const PostgresWork::CopyColumns& columns)
        : stream_(pqxx::stream_to::raw_table(work, work.quote_name(table),
                                             work.conn().quote_columns(columns))) {}
    void write(const PostgresWork::CopyRow& row) { stream_.write_row(row); }
    void complete() { stream_.complete(); }

  private:
    pqxx::stream_to stream_;
};

#else

pqxx::result run_on(pqxx::work& work, const std::string& sql,
                    std::span<const PostgresWork::Value> values) {
    const std::vector<PostgresWork::Value> parameters(values.begin(), values.end());
    return work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
}

class CopyStream {
  public:
    CopyStream(pqxx::work& work, const std::string& table, const PostgresWork::CopyColumns& columns)
        : stream_(work, table, columns) {}
    void write(const PostgresWork::CopyRow& row) { stream_ << row; }
    void complete() { stream_.complete(); }

  private:
    pqxx::stream_to stream_;
};

#endif

PostgresWork::Rows rows_of(const pqxx::result& result) {
    PostgresWork::Rows rows = {.affected = static_cast<std::size_t>(result.affected_rows())};
    for (const auto& row : result) {
        auto& cells = rows.rows.emplace_back();
        for (const auto& field : row) {
            if (field.is_null())
                cells.emplace_back();
            else
                cells.emplace_back(std::string(field.c_str(), field.size()));
        }
    }
    return rows;
}

class PqxxWork final : public PostgresWork {
  public:
    explicit PqxxWork(pqxx::work& work) : work_(work) {}
    Rows run(const std::string& sql, std::span<const Value> values) override {
        return rows_of(run_on(work_, sql, values));
    }
    void script(const std::string& sql) override { work_.exec(sql); }
    void copy(const std::string& table, const CopyColumns& columns, std::size_t count,
              const std::function<void(std::size_t, CopyRow&)>& row_at) override {
        CopyStream stream(work_, table, columns);
        CopyRow row = {};
        for (std::size_t i = 0; i < count; ++i) {
            row_at(i, row);
            stream.write(row);
        }
        stream.complete();
    }

  private:
    pqxx::work& work_;
};

class PqxxPostgres final : public Postgres {
  public:
    explicit PqxxPostgres(const std::string& text) : connection_(text) {
        socket_ = connection_.sock();
    }
    ~PqxxPostgres() override { socket_ = -1; }
    PqxxPostgres(const PqxxPostgres&) = delete;
    PqxxPostgres& operator=(const PqxxPostgres&) = delete;

    PostgresResult<bus::Done> transact(
        const std::function<PostgresResult<bus::Done>(PostgresWork&)>& body) override {
        if (lost_) return PostgresTrouble{Why::unavailable, "the connection was lost"};
        try {
            pqxx::work transaction(connection_);
            PqxxWork work(transaction);
            auto result = body(work);
            if (result)
                transaction.commit();
            else
                transaction.abort();
            return result;
        } catch (const std::exception& exception) {
            PostgresTrouble trouble = trouble_of(exception);
            lost_ = trouble.why == Why::unavailable;  // libpqxx 6 would open another in silence
            return trouble;
        }
    }

    void interrupt() override {
        if (const int socket = socket_; socket >= 0) ::shutdown(socket, SHUT_RDWR);
    }

  private:
    pqxx::connection connection_;
    std::atomic<int> socket_ = -1;
    bool lost_ = false;
};

}  // namespace

bool is_schema_name(std::string_view name) {
    constexpr std::size_t bytes_max = 40;  // PostgreSQL cuts at 63, and a rebuild adds a suffix.
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && name.size() <= bytes_max && is_letter(name.front()) &&
           std::ranges::all_of(
               name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::string problem_of_url(const std::string& url) {
    if (parsed(url)) return {};
    return "is no address of a PostgreSQL database; write postgresql://user@host:5432/database "
           "(and the password into RINGRIFT_POSTGRES_URL, PGPASSWORD or ~/.pgpass)";
}

std::string without_password(const std::string& url) {
    const Options options = parsed(url);
    if (!options) return "(no address)";
    const auto or_else = [&](std::string_view name, const std::string& standard) {
        const std::string value = value_of(options, name);
        return value.empty() ? standard : value;
    };
    const std::string user = value_of(options, "user");
    const std::string host = or_else("host", value_of(options, "hostaddr"));
    const std::string port = value_of(options, "port");
    return "postgresql://" + (user.empty() ? "" : user + "@") + host +
           (port.empty() ? "" : ":" + port) + "/" + value_of(options, "dbname");
}

PostgresResult<std::unique_ptr<Postgres>> Postgres::open(const PostgresAddress& address) {
    const Options options = parsed(address.url);
    if (!options || !is_schema_name(address.schema)) {
        return PostgresTrouble{Why::refused, options ? "'" + address.schema + "' is no schema name"
                                                     : "it " + problem_of_url(address.url)};
    }
    const std::string text = connection_text(address, options);
    try {
        return std::unique_ptr<Postgres>(std::make_unique<PqxxPostgres>(text));
    } catch (const std::exception& exception) {
        // No code tells why; but a server that answers others did not want this one.
        const bool answers = PQping(text.c_str()) == PQPING_OK;
        const std::string where = without_password(address.url);
        const std::string what = one_line(exception.what());
        if (answers) return PostgresTrouble{Why::refused, where + " lets nobody in: " + what};
        return PostgresTrouble{Why::unavailable, where + " does not answer: " + what};
    }
}

}  // namespace ringrift::projections
