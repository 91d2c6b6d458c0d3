using Heed.Cli;

return Tool.Run(args, Terminal.OfProcess());
