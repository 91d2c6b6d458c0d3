Console.WriteLine("heed");
return 0;
