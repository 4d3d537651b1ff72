print("not read");
