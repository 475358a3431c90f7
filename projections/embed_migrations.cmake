# Writes OUTPUT, a C++ file with every migrations/NNNN_name.sql of FOLDER and its SHA-256, so that
# the installed program needs no path to them. Run by cmake -P at build time.
file(GLOB files ${FOLDER}/[0-9][0-9][0-9][0-9]_*.sql)
list(SORT files)
set(entries "")
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  string(SUBSTRING ${name} 0 4 digits)
  math(EXPR number "1${digits} - 10000")
  file(READ ${file} text)
  file(SHA256 ${file} checksum)
  string(APPEND entries "    {${number}, \"${name}\", \"${checksum}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT}
     "#include \"projections/migrations.hpp\"\n\n"
     "namespace ringrift::projections {\n\n"
     "std::span<const Migration> migrations() {\n"
     "    static constexpr Migration all[] = {\n${entries}    };\n    return all;\n}\n\n"
     "}  // namespace ringrift::projections\n")
